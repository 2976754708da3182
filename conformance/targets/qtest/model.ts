// What does an adapter of one of QEMU's IOMMUs have to say, so that the profile's operations can be made on it?
import type { Format } from '../../../spec/hardware/formats/format.js';
import type { Command, Machine, Op } from '../../../spec/protocol/hardware.js';
import type { System } from '../responder.js';
import type { Bus } from './bus.js';
import type { Edu } from './edu.js';
import type { EntrySite } from './entry-site.js';
import type { Host } from './host.js';
import type { Seen } from './seen.js';
import type { Ground, Tables } from './tables.js';

export type Way = Extract<Op, { op: 'write_context' }>['entry'];

/** What a model says of an access that it did not translate. */
export interface FaultRecord {
  readonly device: number;
  /** Undefined: it does not say where. */
  readonly iova?: bigint;
  /** Was it a write? Undefined: it does not say that. */
  readonly write?: boolean;
  /** Is it said to be one of an interrupt? */
  readonly interrupt?: boolean;
  readonly code: number;
}

/**
 * `queued`: it is in the queue. `no-command`: the architecture has no such command. `unsaid`: it has, and the model, or
 * this machine of it, has not.
 */
export type Submitted = 'queued' | 'no-command' | 'unsaid';

/** A running model. Everything is named by its position in the machine of the profile. */
export interface Model {
  readonly devices: readonly Edu[];
  /** False: it has no such entry. */
  context(device: number, way: Way): Promise<boolean>;
  submit(command: Command): Promise<Submitted>;
  /** Puts a wait into the queue, which will write `number` (from 1 on) when it completes. */
  wait(number: number): Promise<void>;
  /** Has it? */
  waited(number: number): Promise<boolean>;
  /** The faults that were recorded since they were last asked for, which are then taken out. */
  faults(): Promise<readonly FaultRecord[]>;
  /** What is wrong with a record of an access of that kind; `present`: is there an entry of the device in memory? */
  complaint(record: FaultRecord, access: 'read' | 'write', present: boolean): string | undefined;
  /** Why the queue does not go on any more; undefined: it does. */
  stuck(): Promise<string | undefined>;
}

/** A record that is otherwise than the architecture says, and which of QEMU's lines makes it so. */
export interface Otherwise {
  readonly says: string;
  readonly source: string;
}

/** One of QEMU's IOMMUs, before it runs. */
export interface Kind {
  readonly title: string;
  readonly architecture: Machine['architecture'];
  readonly ground: Ground;
  /** One of the law's tables of fields, with four levels of 2^9 entries. */
  readonly format: Format;
  /** Why the model cannot be this machine, beside what no model can be. */
  misfit(machine: Machine): string | undefined;
  arguments(machine: Machine): readonly string[];
  /** Complaints about fault records that are known. */
  readonly otherwise: readonly Otherwise[];
  /** Where the entry of the first device stands, for who tries every vector of its structure there. */
  readonly entries?: EntrySite;
  /** What lies where its CPU begins: it goes to sleep. */
  readonly image: readonly number[];
  start(bus: Bus, machine: Machine, tables: Tables): Promise<Model>;
}

/** Starts QEMU with these arguments and this firmware. Throws `Died` where it does not come up. */
export type Launch = (machine: readonly string[], image: readonly number[]) => Promise<Host>;

/** A system of which a lane tells what it saw besides. */
export interface Judgeable extends System {
  readonly seen: Seen;
  /** How often QEMU was started. */
  readonly boots: number;
  end(): Promise<void>;
}

/** Stopped at first, without firmware and devices of its own, with time that jumps while the CPU sleeps. */
export const ALWAYS: readonly string[] = [
  ...['-S', '-accel', 'tcg', '-icount', 'shift=0,sleep=off', '-nodefaults', '-display', 'none'],
  ...['-qtest-log', 'none'],
];
