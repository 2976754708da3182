// What would a good recording have looked like, had the kernel made a mistake?
import type { AnyOp } from '../../../spec/law/profile.js';
import type { Op } from '../../../spec/protocol/linux-dma.js';
import type { Event } from '../../../spec/protocol/trace.js';
import type { FaultyRecording, Source } from '../fault.js';

export type Ev = Event<Op>;
type Events = readonly Ev[];

export const PAGE = 4096n;

/** A fault of the system that was recorded, in one row. It shows nothing where it alters nothing. */
export function fault(
  id: string,
  says: string,
  source: Source,
  [shows, steps]: readonly [shows: string, steps: number],
  alters: (events: Events) => Events,
): FaultyRecording {
  const altered = (events: readonly Event<AnyOp>[]): readonly Event<AnyOp>[] | undefined => {
    const after = alters(events as Events);
    return after.length === events.length && after.every((e, i) => e === events[i]) ? undefined : after;
  };
  return { in: 'recording', id, says, source, expected: { by: 'suite', shows, steps }, alters: altered };
}

/** Each operation of a kind is another; undefined: it is as it was. */
export const each =
  <K extends Op['op']>(
    kind: K,
    change: (op: Extract<Op, { op: K }>, before: Events) => Partial<Extract<Op, { op: K }>> | undefined,
  ) =>
  (events: Events): Events =>
    events.map((e, i) => {
      if (e.op.op !== kind) return e;
      const changed = change(e.op as Extract<Op, { op: K }>, events.slice(0, i));
      return changed === undefined ? e : { ...e, op: { ...e.op, ...changed } as Op };
    });

/** Operations that never happened. */
export const lacking =
  (drops: (op: Op, before: Events, after: Events) => boolean) =>
  (events: Events): Events =>
    events.filter((e, i) => !drops(e.op, events.slice(0, i), events.slice(i + 1)));

/** Is it a command to the hardware to forget translations, and of how much: 3 a range, 2 a domain? */
export const invalidates = (op: Op, granularity: 2 | 3): boolean =>
  op.op === 'qi_submit' &&
  (op.words[0]! & 0xfn) === 2n &&
  ((op.words[0]! >> 4n) & 3n) === BigInt(granularity);

/** Is it the announcement that a range which was removed is to be flushed? */
export const isFlush = (op: Op): boolean => op.op === 'cache_tag_flush_range' && op.np !== true;

/** The last operation of a kind before; undefined: there is none. */
export const last = <K extends Op['op']>(kind: K, before: Events): Extract<Op, { op: K }> | undefined =>
  before.findLast(e => e.op.op === kind)?.op as Extract<Op, { op: K }> | undefined;

/** Users of domain ids as the kernel would have counted them, after other things have happened. */
export function recounted(events: Events): Events {
  const users = new Map<string, number>();
  return events.map(e => {
    const { op } = e;
    if (op.op !== 'cache_tag_assign' && op.op !== 'cache_tag_unassign') return e;
    const key = `${op.unit} ${op.type} ${op.did} ${op.pasid}`;
    const before = users.get(key) ?? 0;
    users.set(key, before + (op.op === 'cache_tag_assign' ? 1 : -1));
    const ref = op.op === 'cache_tag_assign' ? before + 1 : before;
    return ref === op.ref ? e : { ...e, op: { ...op, ref } };
  });
}
