// What is a recording: which lines does trace format 1 have, and what do they carry?
import * as t from 'io-ts';
import { closed, list, text, whole } from './codec.js';
import { Observed, UNOBSERVED } from './observed.js';

/** The format's name and the one version that this release reads and writes. */
export const FORMAT = 'iommu-trace';
export const VERSION = 1;

/**
 * The first line of a recording.
 * `profile` names the law; `machine` is that profile's description of what was recorded; `policies` the
 * choices it was built with (left out: the defaults); `events` how many call/return pairs follow, so that a
 * truncated file is told from a short one.
 */
export const Header = closed(
  'header',
  {
    format: t.literal(FORMAT),
    version: t.literal(VERSION),
    profile: text('profile', 64),
    producer: text('producer', 200),
    machine: t.unknown,
    events: whole('events', 0, Number.MAX_SAFE_INTEGER),
  },
  {
    policies: t.readonly(t.record(t.string, t.string)),
    /** The release that was recorded, of those that the profile speaks for; left out: its newest. */
    release: text('release', 64),
    seed: whole('seed', -0x8000_0000, 0x7fff_ffff),
    /** What a person should know before reading on, one sentence a line. */
    narration: list(text('sentence', 500)),
    /** For a corpus trace of which not all can be decided: why. Nothing of it diverges. */
    open: text('why', 500),
    /** For a corpus trace that must be refused: the event at which, and what for. */
    refused: closed('refused', { event: whole('event', 1, Number.MAX_SAFE_INTEGER), why: text('why', 500) }),
  },
);
export type Header = t.TypeOf<typeof Header>;

/** The start of operation number `n` (from 1). `op` is decoded by the profile's own codec. */
export const Call = closed(
  'call',
  { call: whole('event', 1, Number.MAX_SAFE_INTEGER), op: t.unknown },
  {
    note: text('note', 500),
    /** The recorder's own preparation, and not what is tested: judged, but no clause is met by it. */
    setup: t.literal(true),
  },
);
export type Call = t.TypeOf<typeof Call>;

/**
 * The end of operation number `n`: what was observed. `state` holds any part of the profile's view; what is
 * absent was not observable and is not compared. A list of which only some places were seen is a record of them by
 * their position, `{"3":...}`.
 */
export const Return = closed(
  'return',
  { return: whole('event', 1, Number.MAX_SAFE_INTEGER), outcome: Observed },
  { state: t.UnknownRecord },
);
export type Return = t.TypeOf<typeof Return>;

/** One operation as the recorder saw it: its arguments, its answer, and what else could be observed. */
export interface Event<O = unknown> {
  readonly n: number;
  readonly op: O;
  readonly outcome: Observed;
  readonly state?: { readonly [field: string]: unknown };
  readonly note?: string;
  /** The recorder's own preparation. */
  readonly setup?: true;
  /** The line of the recording that reports it, counted from 1. */
  readonly line?: number;
  /** Fields of `op` that nobody saw: what stands there is one of the possible values, and is not told. */
  readonly unseen?: readonly string[];
}

/** The operation as far as it was seen, for whoever reads of it. */
export function opSeen<O extends object>({
  op,
  unseen,
}: {
  readonly op: O;
  readonly unseen?: readonly string[];
}): O {
  if (unseen === undefined) return op;
  return Object.fromEntries(
    Object.entries(op)
      .filter(([key]) => key !== 'arg')
      .map(([key, value]) => [key, unseen.includes(key) ? UNOBSERVED : value]),
  ) as O;
}
