// How are the golden vectors of page-table formats, and of structures above them, written?

import {
  FORMATS,
  formatNamed,
  LANGUAGES,
  type Language,
  STRUCTURES,
  structuresWritten,
  written,
} from '../../spec/index.js';
import { here } from '../console.js';
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { unknown } from '../meant.js';

export interface VectorsOptions {
  readonly format: string;
  /** `tables` or `structures`. */
  readonly of?: string;
  readonly table?: readonly string[];
}

const KINDS = ['tables', 'structures'] as const;

/** Writes the vectors of all formats or structures, or of those that are named, on standard output. */
export function vectors({ format, of = 'tables', table = [] }: VectorsOptions): ExitCode {
  const language = LANGUAGES.find((l): l is Language => l === format);
  if (language === undefined) throw new Usage(`unknown format ${format}; known: ${LANGUAGES.join(', ')}`);
  if (!KINDS.some(k => k === of)) throw new Usage(`--of takes ${KINDS.join(' or ')}, not ${of}`);
  const all = of === 'tables' ? FORMATS : STRUCTURES;
  const names = all.map(f => f.name);
  const strange = table.find(name => !names.includes(name));
  if (strange !== undefined) throw unknown(of === 'tables' ? 'table' : 'structure', strange, names);
  const text =
    of === 'tables'
      ? written(table.length === 0 ? FORMATS : table.map(formatNamed), language)
      : structuresWritten(
          STRUCTURES.filter(s => table.length === 0 || table.includes(s.name)),
          language,
        );
  here.stdout.write(text);
  return EXIT.conforms;
}
