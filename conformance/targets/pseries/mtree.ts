// Which DMA windows does QEMU have, and where did an access go? Read from what its monitor and its log say.

/** A window as QEMU's memory regions show it. */
export interface Region {
  readonly liobn: bigint;
  readonly start: bigint;
  /** In bytes; a window may wrap at 2^64. */
  readonly length: bigint;
}

/** The monitor marks a region that passes the end of all addresses. */
const WINDOW =
  /^(?:\[DETECTED OVERFLOW!\])? *([0-9a-f]{16})-([0-9a-f]{16}) \(prio [^)]*\): tce-iommu-([0-9a-f]+)( \[disabled\])?\s*$/;

/**
 * The windows in the text of `info mtree`, each once. A region of one byte is how the monitor writes one of none:
 * no window has so few.
 */
export function windowsIn(text: string): readonly Region[] {
  const found = new Map<bigint, Region>();
  for (const line of text.split('\n')) {
    const match = WINDOW.exec(line.trimEnd());
    if (match === null || match[4] !== undefined) continue;
    const [start, last, liobn] = [BigInt(`0x${match[1]}`), BigInt(`0x${match[2]}`), BigInt(`0x${match[3]}`)];
    const length = BigInt.asUintN(64, last - start) + 1n;
    if (length > 1n) found.set(liobn, { liobn, start, length });
  }
  return [...found.values()];
}

/** A look into a window's table, as the trace event `spapr_iommu_xlate` tells it. */
export interface Look {
  readonly liobn: bigint;
  /** From the start of the window. */
  readonly offset: bigint;
  /** Where the page begins that the entry names. */
  readonly page: bigint;
  /** Bit 0: reading, bit 1: writing. */
  readonly permission: number;
}

const LOOK = /spapr_iommu_xlate liobn=0x([0-9a-f]+) 0x([0-9a-f]+) -> 0x([0-9a-f]+) perm=(\d+) mask=0x/;

/** The looks in some lines of the log. The event's mask has 32 bits only, and is not read. */
export function looksIn(log: readonly string[]): readonly Look[] {
  return log.flatMap(line => {
    const match = LOOK.exec(line);
    if (match === null) return [];
    const [liobn, offset, page] = [match[1], match[2], match[3]].map(d => BigInt(`0x${d}`));
    return [{ liobn: liobn!, offset: offset!, page: page!, permission: Number(match[4]) }];
  });
}
