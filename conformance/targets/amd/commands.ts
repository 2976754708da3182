// Which words stand in the command buffer of an AMD IOMMU for the commands of the profile?
import type { Command } from '../../../spec/protocol/hardware.js';
import { devfnOf } from '../qtest/pci.js';
import type { Tables } from '../qtest/tables.js';

export type Words = readonly [low: bigint, high: bigint];

const code = (value: bigint): bigint => value << 60n;
const WAIT = code(1n) | 1n;
const DEVICE_TABLE = code(2n);
const PAGES = code(3n);
const DEVICE_TLB = code(4n);
const ALL = code(8n);

/** The address says how many pages. */
const SIZED = 1n;
/** Pointers at tables as well. */
const TABLES = 2n;
const EVERYTHING = 0x7fff_ffff_ffff_f000n;

export const EVERY: Words = [ALL, 0n];
export const deviceEntry = (device: number): Words => [DEVICE_TABLE | BigInt(devfnOf(device)), 0n];

/** Stores 64 bits when all before is done. */
export const waitWords = (address: bigint, data: number): Words => [WAIT | address, BigInt(data)];

export function commandWords(command: Command, tables: Tables): Words | 'no-command' | 'unsaid' {
  switch (command.is) {
    case 'context':
      if (command.device === undefined || command.tag !== undefined) return 'no-command';
      return deviceEntry(command.device);
    case 'process':
      return 'no-command';
    case 'iotlb': {
      const { tag, pasid, range, leaf } = command;
      if (tag === undefined && (range !== undefined || pasid !== undefined || leaf)) return 'no-command';
      if (pasid !== undefined) return 'unsaid';
      if (tag === undefined) return EVERY;
      return [PAGES | (BigInt(tag) << 32n), sized(range, tables) | (leaf ? 0n : TABLES)];
    }
    case 'device_tlb':
      if (command.pasid !== undefined) return 'unsaid';
      return [DEVICE_TLB | BigInt(devfnOf(command.device)), sized(command.range, tables)];
  }
}

/** The lowest bit of the address that is clear says where the block ends. */
function sized(range: { readonly iova: bigint; readonly order: number } | undefined, tables: Tables): bigint {
  const block = range === undefined ? undefined : tables.blockOf(range.iova, range.order);
  if (block === undefined) return EVERYTHING | SIZED;
  if (block.order === 0) return block.iova;
  return block.iova | (((1n << BigInt(block.order - 1)) - 1n) << 12n) | SIZED;
}
