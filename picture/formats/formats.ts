// In which other tools' formats can a story be written?
import type { Story } from '../../conformance/index.js';
import { dot } from './dot.js';
import { itf } from './itf.js';
import { mermaid } from './mermaid.js';
import { perfetto } from './perfetto.js';

export const FORMATS: { readonly [name: string]: (story: Story) => string } = { mermaid, dot, itf, perfetto };
