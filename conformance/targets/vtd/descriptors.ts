// Which words stand in the invalidation queue of VT-d for the commands of the profile?
import type { Command } from '../../../spec/protocol/hardware.js';
import { devfnOf } from '../qtest/pci.js';
import type { Tables } from '../qtest/tables.js';

/** The first two words of a descriptor; in one of 256 bits the others are 0. */
export type Descriptor = readonly [low: bigint, high: bigint];

const CONTEXT = 1n;
const IOTLB = 2n;
const DEVICE_TLB = 3n;
const WAIT = 5n;
const IOTLB_BY_PROCESS = 6n;
const PROCESS = 7n;

const granularity = (value: bigint): bigint => value << 4n;
const ALL = granularity(1n);
const BY_DOMAIN = granularity(2n);
const BY_DEVICE = granularity(3n);
const BY_PAGE = granularity(3n);
const domain = (tag: number): bigint => BigInt(tag) << 16n;
const source = (device: number): bigint => BigInt(devfnOf(device)) << 32n;

/** CAP.MAMV of the model: a larger block is invalidated with its whole domain. */
const LARGEST_BLOCK = 18;

/** What is done before translation is switched on. */
export const GLOBAL: readonly Descriptor[] = [
  [CONTEXT | ALL, 0n],
  [IOTLB | ALL, 0n],
];

export const waitDescriptor = (address: bigint, data: number): Descriptor => [
  WAIT | (1n << 5n) | (BigInt(data) << 32n),
  address,
];

type Iotlb = Extract<Command, { is: 'iotlb' }>;
type DeviceTlb = Extract<Command, { is: 'device_tlb' }>;

/** What is selective by a PASID is of scalable mode, and `unsaid` here. */
export function descriptor(command: Command, tables: Tables): Descriptor | 'no-command' | 'unsaid' {
  switch (command.is) {
    case 'context':
      if (command.tag !== undefined && command.device !== undefined) return 'no-command';
      if (command.tag !== undefined) return [CONTEXT | BY_DOMAIN | domain(command.tag), 0n];
      return [
        command.device === undefined ? CONTEXT | ALL : CONTEXT | BY_DEVICE | source(command.device),
        0n,
      ];
    case 'iotlb':
      return iotlb(command, tables);
    case 'device_tlb':
      return deviceTlb(command, tables);
    case 'process': {
      const { device, pasid, tag } = command;
      return device !== undefined || (pasid !== undefined && tag === undefined) ? 'no-command' : 'unsaid';
    }
  }
}

function iotlb({ tag, pasid, range, leaf }: Iotlb, tables: Tables): ReturnType<typeof descriptor> {
  if (tag === undefined && (range !== undefined || pasid !== undefined || leaf)) return 'no-command';
  if (pasid !== undefined) return 'unsaid';
  if (tag === undefined) return [IOTLB | ALL, 0n];
  const block = range === undefined ? undefined : tables.blockOf(range.iova, range.order);
  // What is not page-selective knows no hint about leaves.
  if (block === undefined || block.order > LARGEST_BLOCK) return [IOTLB | BY_DOMAIN | domain(tag), 0n];
  return [IOTLB | BY_PAGE | domain(tag), block.iova | (leaf ? 1n << 6n : 0n) | BigInt(block.order)];
}

/** With bit S the size is written into the address: the lowest bit of it that is clear says where it ends. */
function deviceTlb({ device, pasid, range }: DeviceTlb, tables: Tables): Descriptor | 'unsaid' {
  if (pasid !== undefined) return 'unsaid';
  const block = range === undefined ? undefined : tables.blockOf(range.iova, range.order);
  if (block === undefined) return [DEVICE_TLB | source(device), 0x7fff_ffff_ffff_f001n];
  if (block.order === 0) return [DEVICE_TLB | source(device), block.iova];
  const ones = ((1n << BigInt(block.order - 1)) - 1n) << 12n;
  return [DEVICE_TLB | source(device), block.iova | ones | 1n];
}

/** The cache of entries of PASIDs: of one domain, or whole (granularity 3). */
export const processTags = (tag: number | undefined): Descriptor =>
  tag === undefined ? [PROCESS | granularity(3n), 0n] : [PROCESS | domain(tag), 0n];

/**
 * First-stage translations are invalidated by PASID, which is 0 for requests without one. Undefined: it is no command
 * for pages of a domain.
 */
export function passedOn(command: Command, tables: Tables): Descriptor | undefined {
  if (command.is !== 'iotlb' || command.tag === undefined || command.pasid !== undefined) return undefined;
  const { tag, range, leaf } = command;
  if (range === undefined) return undefined;
  const block = tables.blockOf(range.iova, range.order);
  if (block === undefined) return [IOTLB_BY_PROCESS | granularity(2n) | domain(tag), 0n];
  return [
    IOTLB_BY_PROCESS | BY_PAGE | domain(tag),
    block.iova | (leaf ? 1n << 6n : 0n) | BigInt(block.order),
  ];
}
