// Which words stand in the command queue of a RISC-V IOMMU for the commands of the profile?
import type { Command } from '../../../spec/protocol/hardware.js';
import { devfnOf } from '../qtest/pci.js';
import type { Tables } from '../qtest/tables.js';

export type Words = readonly [low: bigint, high: bigint];

const IOTINVAL = 1n;
const IOFENCE = 2n;
const IODIR = 3n;
const ATS = 4n;
/** Bits 9:7. */
const SECOND = 1n << 7n;
const ADDRESS = 1n << 10n;
const PSCV = 1n << 32n;
const GV = 1n << 33n;
/** Of IODIR: a device is named. */
const DV = 1n << 33n;

const device = (at: number): bigint => BigInt(devfnOf(at)) << 40n;

/** What a tag of the profile is: in the first stage a PSCID, in the second a GSCID. */
export type Stage = 'first' | 'second';

export const ALL_CONTEXTS: Words = [IODIR, 0n];
export const allTranslations = (stage: Stage): Words => [
  stage === 'first' ? IOTINVAL : IOTINVAL | SECOND,
  0n,
];

/** Writes 32 bits to an address when all before is done. */
export const fence = (address: bigint, data: number): Words => [
  IOFENCE | ADDRESS | (BigInt(data) << 32n),
  address >> 2n,
];

/** A larger block is invalidated with its whole address space. */
const MOST_PAGES = 64;

export function commandWords(
  command: Command,
  stage: Stage,
  tables: Tables,
): readonly Words[] | 'no-command' | 'unsaid' {
  switch (command.is) {
    case 'context':
      if (command.tag !== undefined) return 'no-command';
      return command.device === undefined ? [ALL_CONTEXTS] : [[IODIR | DV | device(command.device), 0n]];
    case 'process': {
      const { tag, pasid } = command;
      if (tag !== undefined || pasid === undefined || command.device === undefined) return 'no-command';
      return [[IODIR | SECOND | DV | device(command.device) | (BigInt(pasid) << 12n), 0n]];
    }
    case 'iotlb':
      return iotlb(command, stage, tables);
    case 'device_tlb': {
      if (command.pasid !== undefined) return 'unsaid';
      // S, and every bit of the address but the highest: everything. A part of it is not told apart here.
      return [[ATS | (BigInt(devfnOf(command.device)) << 40n), 0x7fff_ffff_ffff_f800n]];
    }
  }
}

/** Without the extensions NL and S a command names one page, and takes leaves out. */
function iotlb(
  { tag, pasid, range, leaf }: Extract<Command, { is: 'iotlb' }>,
  stage: Stage,
  tables: Tables,
): readonly Words[] | 'no-command' {
  if (pasid !== undefined || leaf !== (range !== undefined)) return 'no-command';
  const [all] = allTranslations(stage);
  const tagged =
    tag === undefined ? 0n : stage === 'first' ? PSCV | (BigInt(tag) << 12n) : GV | (BigInt(tag) << 44n);
  if (range === undefined || range.order > Math.log2(MOST_PAGES)) return [[all | tagged, 0n]];
  // GVMA names an address of one guest only.
  if (stage === 'second' && tag === undefined) return [[all, 0n]];
  const pages = 2 ** range.order;
  const first = Math.floor(Number(range.iova >> 12n) / pages) * pages;
  return Array.from({ length: pages }, (_, i) => [all | tagged | ADDRESS, tables.iovaOf(first + i) >> 2n]);
}
