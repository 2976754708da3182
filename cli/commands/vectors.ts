// How are the golden vectors of the page-table formats written?

import { FORMATS, formatNamed, LANGUAGES, type Language, written } from '../../spec/index.js';
import { here } from '../console.js';
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { unknown } from '../meant.js';

export interface VectorsOptions {
  readonly format: string;
  readonly table?: readonly string[];
}

/** Writes the vectors of all formats, or of those that are named, on standard output. */
export function vectors({ format, table = [] }: VectorsOptions): ExitCode {
  const language = LANGUAGES.find((l): l is Language => l === format);
  if (language === undefined) throw new Usage(`unknown format ${format}; known: ${LANGUAGES.join(', ')}`);
  const names = FORMATS.map(f => f.name);
  const strange = table.find(name => !names.includes(name));
  if (strange !== undefined) throw unknown('table', strange, names);
  here.stdout.write(written(table.length === 0 ? FORMATS : table.map(formatNamed), language));
  return EXIT.conforms;
}
