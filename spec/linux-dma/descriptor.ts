// What does a descriptor of the VT-d invalidation queue ask the hardware to drop?

/** An IOTLB command: of all domains (`did` null), of one, or of one block of one (`range` in pages). */
export interface Command {
  readonly did: number | null;
  readonly range: { readonly start: number; readonly end: number } | null;
}

const IOTLB = 2n;
const PASID_IOTLB = 6n;

/** The command in a descriptor's words; null for every other kind of command. */
export function commandOf(words: readonly bigint[]): Command | null {
  const low = words[0] ?? 0n;
  const type = low & 0xfn;
  if (type !== IOTLB && type !== PASID_IOTLB) return null;
  const granularity = Number((low >> 4n) & 3n);
  const did = Number((low >> 16n) & 0xffffn);
  if (type === IOTLB && granularity === 1) return { did: null, range: null };
  if (granularity === 2) return { did, range: null };
  if (granularity !== 3) return null;
  const start = Number((words[1] ?? 0n) >> 12n);
  return { did, range: { start, end: start + 2 ** Number((words[1] ?? 0n) & 0x3fn) } };
}
