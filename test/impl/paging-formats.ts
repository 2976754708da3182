// Which formats are tested, each with the walker that reads it, and with which choices?

import { TableArena } from '../../impl/paging/arena.js';
import { type ArmChoice, arm } from '../../impl/paging/arm.js';
import type { Format } from '../../impl/paging/format.js';
import * as formats from '../../impl/paging/formats.js';
import { Layout } from '../../impl/paging/layout.js';
import { newPageTable, specialise } from '../../impl/paging/specialise.js';
import { PageTable } from '../../impl/paging/table.js';
import * as hardware from './paging-hardware.js';

export interface Tested {
  readonly format: Format;
  readonly layout: Layout;
  readonly walker: hardware.Walker;
  /** Page sizes that the driver has, in bytes as logarithms: written out, not taken from impl. */
  readonly sizes: readonly number[];
  /** Levels of the root at the start. */
  readonly levels: number;
}

const row = (format: Format, walker: hardware.Walker, levels: number, sizes: readonly number[]): Tested => ({
  format,
  layout: new Layout(format),
  walker,
  levels,
  sizes,
});

const X86 = [12, 21, 30];
const AMD = Array.from({ length: 52 - 12 }, (_, i) => 12 + i).filter(size => size !== 39);

function armRow(choice: ArmChoice, levels: number, rootBits: number, sizes: readonly number[]): Tested {
  const pageShift = choice.granule === 4 ? 12 : choice.granule === 16 ? 14 : 16;
  const walker = hardware.arm(choice.stage, pageShift, rootBits, choice.outputBits);
  return row(arm(choice), walker, levels, sizes);
}

/** Names and numbers of the rows are written out, so that no mistake of a formula in impl is repeated here. */
export const TESTED: readonly Tested[] = [
  row(formats.vtdSecondStage(2), hardware.vtdSecondStage, 3, X86),
  row(formats.vtdSecondStage(3), hardware.vtdSecondStage, 4, X86),
  row(formats.vtdSecondStage(4), hardware.vtdSecondStage, 5, X86),
  row(formats.vtdFirstStage(3), hardware.x86, 4, X86),
  row(formats.vtdFirstStage(4), hardware.x86, 5, X86),
  row(formats.amdV1, hardware.amdV1, 3, AMD),
  row(formats.amdV2(3), hardware.x86, 4, X86),
  row(formats.amdV2(4), hardware.x86, 5, X86),
  row(formats.riscv(2), hardware.riscv(false), 3, [12, 16, 21, 30]),
  row(formats.riscv(3, { napot: false }), hardware.riscv(false), 4, [12, 21, 30, 39]),
  row(formats.riscv(4), hardware.riscv(false), 5, [12, 16, 21, 30, 39, 48]),
  row(formats.riscv(2, { x4: true }), hardware.riscv(true), 3, [12, 16, 21, 30]),
  row(formats.riscv(4, { x4: true }), hardware.riscv(true), 5, [12, 16, 21, 30, 39, 48]),
  armRow({ stage: 1, granule: 4, inputBits: 48, outputBits: 48 }, 4, 9, X86),
  armRow(
    { stage: 1, granule: 4, inputBits: 39, outputBits: 44, contiguous: true, dirty: true },
    3,
    9,
    [12, 16, 21, 25, 30, 34],
  ),
  // One level fewer, and two tables for the root: 40 bits of physical addresses.
  armRow({ stage: 2, granule: 4, inputBits: 40, outputBits: 40 }, 3, 10, X86),
  armRow({ stage: 2, granule: 4, inputBits: 42, outputBits: 42 }, 3, 12, X86),
  armRow({ stage: 1, granule: 16, inputBits: 47, outputBits: 48, contiguous: true }, 3, 11, [14, 21, 25, 30]),
  armRow({ stage: 2, granule: 16, inputBits: 48, outputBits: 48 }, 3, 12, [14, 25]),
  armRow({ stage: 2, granule: 16, inputBits: 40, outputBits: 40 }, 2, 15, [14, 25]),
  armRow({ stage: 1, granule: 64, inputBits: 52, outputBits: 52 }, 3, 10, [16, 29, 42]),
  armRow({ stage: 2, granule: 64, inputBits: 48, outputBits: 48, contiguous: true }, 3, 6, [16, 21, 29, 34]),
  armRow({ stage: 1, granule: 64, inputBits: 32, outputBits: 36 }, 2, 3, [16, 29]),
];

/** Formats that stand for one kind each, for what takes long. */
export const KINDS: readonly Tested[] = TESTED.filter((_, i) =>
  [1, 3, 5, 7, 8, 12, 13, 14, 15, 17, 20].includes(i),
);

/** `plain`: without generated code, or by another class. */
export function newTable(
  tested: Tested,
  pages = 4096,
  layout = tested.layout,
  plain: boolean | typeof PageTable = false,
): PageTable {
  const { pageShift, outputBits } = tested.format;
  const bytes = 2 ** Math.ceil(Math.log2(pages * 2 ** pageShift));
  // As high as the outputs go, so that address bits of tables are tested, too.
  const base = 2 ** outputBits - bytes;
  const arena = new TableArena({ pages, pageShift, base });
  const own = plain === true ? PageTable : plain === false ? specialise(arena, layout) : plain;
  const table = newPageTable(arena, layout, own);
  if (typeof table === 'number') throw new Error('no page for a root');
  return table;
}

/** The memory in which a table's arena lies. */
export function memoryOf(table: PageTable): hardware.Memory {
  const { words, base } = table.arena;
  const view = new DataView(words.buffer);
  return address => {
    const offset = Number(address - BigInt(base));
    if (offset < 0 || offset >= words.byteLength)
      throw new Error(`${address.toString(16)} is outside of the arena`);
    return view.getBigUint64(offset, true);
  };
}

export const rootOf = (table: PageTable): hardware.Root => ({
  address: BigInt(table.rootAddress),
  level: table.top,
});
