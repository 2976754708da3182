// Which words stand in the command queue of an SMMUv3 for the commands of the profile?
import type { Command } from '../../../spec/protocol/hardware.js';
import { devfnOf } from '../qtest/pci.js';
import type { Tables } from '../qtest/tables.js';

export type Words = readonly [low: bigint, high: bigint];

const CFGI_STE = 0x03n;
const CFGI_ALL = 0x04n;
const CFGI_CD = 0x05n;
const CFGI_CD_ALL = 0x06n;
const TLBI_NH_ASID = 0x11n;
const TLBI_NH_VA = 0x12n;
const TLBI_S12_VMALL = 0x28n;
const TLBI_S2_IPA = 0x2an;
const TLBI_NSNH_ALL = 0x30n;
const SYNC = 0x46n;

/** All streams: a range of 2^32. */
export const ALL_CONFIG: Words = [CFGI_ALL, 31n];
export const ALL_TRANSLATIONS: Words = [TLBI_NSNH_ALL, 0n];
export const WAIT: Words = [SYNC, 0n];

/** What a tag of the profile is: in stage 1 an ASID beside one VMID, in stage 2 a VMID. */
export interface Tagging {
  readonly stage: 1 | 2;
  readonly vmid: bigint;
}

const LEAF = 1n;
const stream = (device: number): bigint => BigInt(devfnOf(device)) << 32n;
const tagged = (tag: number, { stage, vmid }: Tagging): bigint =>
  stage === 1 ? (BigInt(tag) << 48n) | (vmid << 32n) : BigInt(tag) << 32n;

export function commandWords(
  command: Command,
  tagging: Tagging,
  tables: Tables,
): Words | 'no-command' | 'unsaid' {
  switch (command.is) {
    case 'context':
      if (command.tag !== undefined) return 'no-command';
      return command.device === undefined ? ALL_CONFIG : [CFGI_STE | stream(command.device), LEAF];
    case 'process':
      return process(command);
    case 'iotlb':
      return iotlb(command, tagging, tables);
    case 'device_tlb':
      // IDR0.ATS is 0.
      return 'unsaid';
  }
}

function process({ device, pasid, tag }: Extract<Command, { is: 'process' }>): Words | 'no-command' {
  if (device === undefined || tag !== undefined) return 'no-command';
  if (pasid === undefined) return [CFGI_CD_ALL | stream(device), 0n];
  return [CFGI_CD | (1n << 11n) | (BigInt(pasid) << 12n) | stream(device), LEAF];
}

function iotlb(
  { tag, pasid, range, leaf }: Extract<Command, { is: 'iotlb' }>,
  tagging: Tagging,
  tables: Tables,
): Words | 'no-command' {
  if (pasid !== undefined) return 'no-command';
  if (tag === undefined) return range === undefined && !leaf ? ALL_TRANSLATIONS : 'no-command';
  const block = range === undefined ? undefined : tables.blockOf(range.iova, range.order);
  const all = tagging.stage === 1 ? TLBI_NH_ASID : TLBI_S12_VMALL;
  if (block === undefined) return [all | tagged(tag, tagging), 0n];
  const one = tagging.stage === 1 ? TLBI_NH_VA : TLBI_S2_IPA;
  const low = one | tagged(tag, tagging);
  const high = block.iova | (leaf ? LEAF : 0n);
  if (block.order === 0) return [low, high];
  // (NUM + 1) * 2^SCALE pages of 4 KiB (TG 1).
  return [low | (BigInt(block.order) << 20n), high | (1n << 10n)];
}
