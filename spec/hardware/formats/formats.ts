// Which formats of page tables are there?
import { UnknownName } from '../../law/known.js';
import { AMD_V1 } from './amd-v1.js';
import { ARM } from './arm.js';
import type { Format } from './format.js';
import { RISCV } from './riscv.js';
import { VTD_SECOND_STAGE } from './vtd.js';
import { X86_64 } from './x86.js';

export const FORMATS: readonly Format[] = [...VTD_SECOND_STAGE, ...X86_64, ...AMD_V1, ...ARM, ...RISCV];

/** The format of that name; throws `UnknownName` for another. */
export function formatNamed(name: string): Format {
  const found = FORMATS.find(f => f.name === name);
  if (found === undefined)
    throw new UnknownName(
      'format',
      name,
      FORMATS.map(f => f.name),
      'profile hardware',
    );
  return found;
}
