// Which reporters were asked for, and where does each one write?
import { here } from '../console.js';
import { Usage } from '../exit.js';
import { writeWhole } from '../written.js';
import type { RunData } from './result.js';

const NAMES = ['json', 'junit', 'tap', 'ctrf', 'sarif', 'github'] as const;
type Name = (typeof NAMES)[number];

export interface Chosen {
  readonly name: Name;
  /** Left out: standard output. */
  readonly file?: string;
}

/** `junit=report.xml`, `tap`; one at most writes to standard output. Throws `Usage`. */
export function reportersOf(texts: readonly string[]): readonly Chosen[] {
  const chosen = texts.map((text): Chosen => {
    const [name, ...rest] = text.split('=');
    const known = NAMES.find(n => n === name);
    if (known === undefined) throw new Usage(`unknown reporter ${name}; there are ${NAMES.join(', ')}`);
    if (rest.length === 0) return { name: known };
    const file = rest.join('=');
    if (file === '') throw new Usage(`--reporter ${text} names no file`);
    return { name: known, file };
  });
  if (chosen.filter(c => c.file === undefined).length > 1)
    throw new Usage('one reporter can write to standard output; give the others a file: junit=FILE');
  return chosen;
}

/** Writes every report. The formats' libraries are loaded where one is asked for. */
export async function report(data: RunData, chosen: readonly Chosen[]): Promise<void> {
  if (chosen.length === 0) return;
  const { REPORTERS } = await import('./formats.js');
  for (const { name, file } of chosen) {
    const text = await REPORTERS[name]!(data);
    if (file === undefined) here.stdout.write(text);
    else writeWhole(file, text);
  }
}
