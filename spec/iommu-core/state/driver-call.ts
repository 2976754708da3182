// Which part of a map is one call of the driver, which call does it refuse, and what does an entry keep of an address?
import { type Instance, PAGE_BITS, type TableCode } from '../state.js';
import { type Range, sizesOf, smallest } from './page-table.js';

/** Frames of 64 bits of address, where a sum of the kernel wraps. */
const WORD = 2 ** 52;
/** Frames of 52 bits, which an entry of AMD's code and of generic_pt names. */
const ENTRY = 2 ** 40;
const BIT_63 = 2 ** 51;

/**
 * The calls of the driver that a map is made of, by iommu_pgsize: leaves of one size, up to where a larger one
 * fits. ARM's code ends a call at the end of a table (arm_lpae_max_entries).
 */
export function callsFor(instance: Instance, { page, frame, pages }: Range): readonly Range[] {
  const calls: Range[] = [];
  for (let done = 0; done < pages; ) {
    const at = { page: page + done, frame: (frame + done) % WORD, pages: pages - done };
    const size = sizesOf(instance).find(n => n <= at.pages && at.page % n === 0 && at.frame % n === 0)!;
    const ends = Math.min(covered(instance, at, size), tableEnd(instance, at.page, size));
    calls.push({ ...at, pages: ends });
    done += ends;
  }
  return calls;
}

function covered(instance: Instance, { page, frame, pages }: Range, size: number): number {
  const larger = sizesOf(instance)
    .filter(n => n > size)
    .at(-1);
  const whole = pages - (pages % size);
  if (larger === undefined || page % larger !== frame % larger) return whole;
  const offset = larger - (page % larger);
  return offset + larger <= pages ? offset : whole;
}

/** Pages up to the end of the table that holds leaves of this size; a table of ARM is one smallest page of 8-byte entries. */
function tableEnd(instance: Instance, page: number, size: number): number {
  if (instance.code !== 'io-pgtable-arm') return Number.POSITIVE_INFINITY;
  const span = size * 512 * smallest(instance);
  return span - (page % span);
}

/** Frames that ARM's code has room for: 48 bits of address, and 52 with pages of 64 KiB (arm_lpae_restrict_pgsizes). */
const roomOfArm = (instance: Instance): number =>
  2 ** ((smallest(instance) < 16 ? 48 : 52) - Number(PAGE_BITS));

/** Does the driver refuse this call for its addresses? ARM's looks at where the memory begins, not at where it ends. */
export function refusesCall(instance: Instance, { page, frame, pages }: Range): boolean {
  const wide = page + pages > instance.limit;
  return instance.code === 'io-pgtable-arm' ? wide || frame >= roomOfArm(instance) : wide;
}

/** The frame that an entry holds when this one is written to it, as the kernel reads it back. */
export function kept(code: TableCode, release: string, instance: Instance, frame: number): number {
  const wrapped = frame % WORD;
  switch (code) {
    case 'vtd':
      return release === 'linux-6.1' ? wrapped % BIT_63 : wrapped;
    case 'amd':
    case 'generic-pt':
      return wrapped % ENTRY;
    case 'io-pgtable-arm':
      return folded(BigInt(wrapped) << PAGE_BITS, smallest(instance) >= 16);
  }
}

const ARM_ADDRESS = ((1n << 48n) - 1n) & ~0xfffn;

/** paddr_to_iopte and iopte_to_paddr: bits 51:48 are kept in 15:12, whether or not something is there. */
function folded(paddr: bigint, large: boolean): number {
  const entry = (paddr | (paddr >> 36n)) & ARM_ADDRESS;
  const read = large ? (entry | (entry << 36n)) & (ARM_ADDRESS << 4n) : entry;
  return Number(read >> PAGE_BITS);
}
