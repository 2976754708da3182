// What can be seen of QEMU's windows, in the words of the profile's view?
import type { Pseries, Window } from './pseries.js';

type Seen = { readonly [field: string]: unknown };

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Runs of one value that is not 0. */
function runsOf(entries: readonly bigint[]): readonly Seen[] {
  const runs: { index: number; count: number; tce: bigint }[] = [];
  entries.forEach((tce, index) => {
    const last = runs.at(-1);
    if (last !== undefined && last.tce === tce && last.index + last.count === index) last.count++;
    else if (tce !== 0n) runs.push({ index, count: 1, tce });
  });
  return runs.map(({ index, count, tce }) => ({ index, count, tce: hex(tce) }));
}

async function windowSeen(m: Pseries, w: Window): Promise<Seen> {
  const entries = await m.entries(w);
  return {
    start: hex(w.start),
    shift: w.shift,
    size: Number(w.length >> BigInt(w.shift)),
    ...(entries === undefined ? {} : { tces: runsOf(entries) }),
  };
}

/** The windows of those numbers, as they are; null: there is none. */
export async function guestWindows(m: Pseries, liobns: readonly bigint[]): Promise<Seen> {
  const seen: { [liobn: string]: Seen | null } = {};
  for (const liobn of liobns) {
    const w = m.windowNumbered(liobn);
    seen[hex(liobn)] = w === undefined ? null : await windowSeen(m, w);
  }
  return { guestWindows: seen };
}
