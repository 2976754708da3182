// Where does a device's access end up? QEMU's log tells it, and tagged memory says whether that is so.
import type { Observed } from '../../../spec/protocol/observed.js';
import { cell64 } from './bytes.js';
import { access } from './device.js';
import { H_GET_TCE, H_PUT_TCE, hypercall } from './hypercall.js';
import { type Look, looksIn } from './mtree.js';
import type { Pseries, Window } from './pseries.js';

export type Way = 'read' | 'write';

export interface Arrived {
  readonly outcome: Observed;
  /** Which window answered; undefined: none did. */
  readonly liobn: bigint | undefined;
  /** Was memory looked at as well, and not the log alone? */
  readonly checked: boolean;
}

const PAGE = 4096n;
const LONGEST = 8n;
const BOTH = 3n;

/** An access is of eight bytes, or as many as are left of a page of 4 KiB. */
const countAt = (address: bigint): number => {
  const left = PAGE - (address & (PAGE - 1n));
  return Number(left < LONGEST ? left : LONGEST);
};

/** Eight bytes, each of them another every time. */
let tags = 0n;
const fresh = (): string => cell64((tags += 0x9e37_79b9_7f4a_7c15n));

/** Where a look leads to, and whether it may. */
interface Decision {
  readonly look: Look | undefined;
  readonly target: bigint | undefined;
  readonly permitted: boolean;
}

function decide(m: Pseries, bridge: number, way: Way, address: bigint, log: readonly string[]): Decision {
  const look = looksIn(log).find(seen => {
    const w = m.windowNumbered(seen.liobn);
    return w?.bridge === bridge && BigInt.asUintN(64, w.start + seen.offset) === address;
  });
  if (look === undefined) return { look, target: undefined, permitted: false };
  const { shift } = m.windowNumbered(look.liobn)!;
  const target = look.page + (look.offset & ((1n << BigInt(shift)) - 1n));
  return { look, target, permitted: (look.permission & (way === 'read' ? 1 : 2)) !== 0 };
}

/** One access at a bus address by the device of a bridge. */
export async function accessAt(m: Pseries, bridge: number, way: Way, address: bigint): Promise<Arrived> {
  return way === 'write' ? written(m, bridge, address) : wasRead(m, bridge, address);
}

async function written(m: Pseries, bridge: number, address: bigint): Promise<Arrived> {
  const count = countAt(address);
  const once = async (): Promise<readonly [Decision, boolean | undefined]> => {
    const tag = fresh();
    const loaded = await throughScratch(m, bridge, 'read', tag);
    const log = await access(m.host, bridge, 'write', address, count);
    const decision = decide(m, bridge, 'write', address, log);
    if (loaded === undefined || !isCheckable(m, decision, count)) return [decision, undefined];
    return [decision, (await m.read(decision.target!, count)) === tag.slice(0, 2 * count)];
  };
  return settled(once);
}

async function wasRead(m: Pseries, bridge: number, address: bigint): Promise<Arrived> {
  const count = countAt(address);
  const once = async (): Promise<readonly [Decision, boolean | undefined]> => {
    const first = await access(m.host, bridge, 'read', address, count);
    const decision = decide(m, bridge, 'read', address, first);
    if (!isCheckable(m, decision, count)) return [decision, undefined];
    const tag = fresh().slice(0, 2 * count);
    await m.write(decision.target!, tag);
    await access(m.host, bridge, 'read', address, count);
    const found = await throughScratch(m, bridge, 'write');
    return [decision, found === undefined ? undefined : found.slice(0, 2 * count) === tag];
  };
  return settled(once);
}

/** Where nothing was to arrive and the tag is there, chance may have been at work: a tag of one byte is a byte of many. */
async function settled(once: () => Promise<readonly [Decision, boolean | undefined]>): Promise<Arrived> {
  let [decision, reached] = await once();
  for (let more = 0; more < TRIES && reached === true && !decision.permitted; more++)
    [decision, reached] = await once();
  return arrived(decision, reached);
}

/** Bytes that would have to be the same by chance. */
const TRIES = 4;

/** A look that led somewhere in memory that is nobody's. */
const isCheckable = (m: Pseries, { target }: Decision, count: number): boolean =>
  target !== undefined && m.isFree(target, BigInt(count));

/** `reached`: did the tag go that way? Undefined: nobody looked. */
function arrived({ look, target, permitted }: Decision, reached?: boolean): Arrived {
  const checked = reached !== undefined;
  const liobn = look?.liobn;
  if (checked && reached !== permitted) {
    const says = permitted
      ? `the log says that 0x${target!.toString(16)} was reached, and it was not`
      : `the log says that the access was not permitted, and 0x${target!.toString(16)} was reached`;
    return { outcome: { is: 'unknown', says }, liobn, checked };
  }
  return { outcome: permitted ? { is: 'ok', paddr: target! } : { is: 'fault' }, liobn, checked };
}

/**
 * Moves eight bytes between the device's buffer and the adapter's own page, through an entry that is put there for
 * it and taken back: `read` loads the buffer with a tag, `write` tells what is in the buffer. Undefined where the
 * bridge has no window that would do.
 */
async function throughScratch(
  m: Pseries,
  bridge: number,
  way: Way,
  tag?: string,
): Promise<string | undefined> {
  if (!m.isMaster(bridge)) return undefined;
  const { scratch } = m.layout;
  for (const w of m.windowsOn(bridge)) {
    await m.write(scratch, tag ?? cell64(0n));
    if (await movedBy(m, w, way)) return m.read(scratch, Number(LONGEST));
  }
  return undefined;
}

/** By the first entry of a window, which is left as it was. False where another window answers at its address. */
async function movedBy(m: Pseries, w: Window, way: Way): Promise<boolean> {
  const offset = (1n << BigInt(w.shift)) - 1n;
  const { scratch } = m.layout;
  const { host, layout } = m;
  const before = await hypercall(host, layout, H_GET_TCE, w.liobn, w.start);
  if (before.code !== 0n) return false;
  await hypercall(host, layout, H_PUT_TCE, w.liobn, w.start, (scratch & ~offset) | BOTH);
  const address = BigInt.asUintN(64, w.start + (scratch & offset));
  const log = await access(host, w.bridge, way, address, Number(LONGEST));
  await hypercall(host, layout, H_PUT_TCE, w.liobn, w.start, before.value);
  return looksIn(log).some(look => look.liobn === w.liobn);
}
