// Who notices a fault, and after how many calls?
import { canonical } from '../../spec/kit/canonical.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, type AnyProfile, defaultPolicies } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import { interleave } from '../compare/interleavings.js';
import { coverWorld } from '../compare/lockstep.js';
import { replay } from '../compare/replay.js';
import { walk } from '../compare/walk.js';
import type { Restartable } from '../driven.js';
import { explore } from '../explore/explore.js';
import type { AnyWorld } from '../explore/world.js';
import type { Catch, Fault, FaultTable, FaultyLaw, FaultyMachine, FaultyRecording } from './fault.js';
import { guarded } from './guarded.js';

/** One recording of the corpus, read to its end. */
export interface SuiteTrace {
  readonly name: string;
  readonly profile: string;
  readonly machine: unknown;
  readonly policies: Policies;
  readonly events: readonly Event<AnyOp>[];
  /** The event at which the court is to refuse it; left out: it is to be accepted. */
  readonly refused?: number;
}

/** Where the court refuses a recording, and the first of the clauses that speak against it. */
export interface Refusal {
  readonly event: number;
  readonly rule: string;
}

/** The court, which the checker does not know: its refusal, or null; `maybe`: it gave up. */
export type Court = (
  profile: AnyProfile,
  trace: SuiteTrace,
  events: readonly Event<AnyOp>[],
) => Refusal | null | 'maybe';

/** The catchers' surroundings: what the corpus holds, who judges, and how far a world is searched. */
export interface Hunt {
  readonly suite: readonly SuiteTrace[];
  readonly court: Court;
  /** States of a world that are visited before a fault counts as not noticed. */
  readonly maxStates: number;
  /** The same where the law alone is explored; left out: as many. */
  readonly explored?: number;
  /** Random walks that are made where that finds nothing. */
  readonly walks: number;
}

/** Walks where coverage notices nothing; the same ones in every hunt. */
const WALKS = { seed: 2011, ops: 300 };

const lawOf = (table: FaultTable, fault: Fault): AnyProfile =>
  fault.in === 'law' ? fault.breaks(table.law) : table.law;

/** The fault's world, under the law that the fault leaves. */
function worldOf(table: FaultTable, fault: Fault): AnyWorld | undefined {
  if (fault.world === undefined) return undefined;
  const world = table.worlds.find(w => w.name === fault.world);
  if (world === undefined) throw new Error(`fault ${fault.id}: there is no world ${fault.world}`);
  return { ...world, profile: lawOf(table, fault) };
}

/** Does the broken law break a promise? Undefined: no law is broken, or no world was named. */
export function byExploration(table: FaultTable, fault: Fault, hunt: Hunt): Catch | null | undefined {
  const world = worldOf(table, fault);
  if (fault.in !== 'law' || world === undefined) return undefined;
  const { violations } = explore(world, fault.policies ?? {}, { maxStates: hunt.explored ?? hunt.maxStates });
  return shortest(violations.map(v => ({ steps: v.trace.length, shows: v.property })));
}

/** Do law and implementation part? Undefined: there is no implementation, or no world was named. */
export function byLockstep(table: FaultTable, fault: Fault, hunt: Hunt): Catch | null | undefined {
  const world = worldOf(table, fault);
  if (world === undefined || table.machine === undefined || fault.in === 'recording') return undefined;
  // Another answer to a debated question is given by both sides alike.
  if (fault.in === 'law' && world.profile === table.law) return undefined;
  const policies = { ...defaultPolicies(world.profile), ...world.policies, ...fault.policies };
  const machine = machineOf(table, fault, world.setup, policies);
  const options = { machine, maxStates: hunt.maxStates, shortest: true };
  const { parting } = coverWorld(world, fault.policies ?? {}, options);
  if (parting !== undefined) return { steps: parting.recording.events.length, shows: parting.first.path };
  // A mistake that shows only after a detour through a state that was there before: no graph of states has it.
  const { failure } = walk(world, { ...WALKS, runs: hunt.walks, policies: fault.policies ?? {}, machine });
  return failure === undefined
    ? null
    : { steps: failure.recording.events.length, shows: failure.disagreement.first.path };
}

function machineOf(
  table: FaultTable,
  fault: FaultyMachine | FaultyLaw,
  setup: unknown,
  policies: Policies,
): Restartable {
  return guarded((fault.in === 'implementation' ? fault.machine : table.machine!)(setup, policies));
}

/** Interleavings of one history that are tried. */
const MOST_INTERLEAVINGS = 3000;

/** Has some interleaving no order? Undefined: the fault is one of calls that come one after the other. */
export async function byScheduler(table: FaultTable, fault: Fault): Promise<Catch | null | undefined> {
  if (fault.in !== 'implementation' || fault.together === undefined) return undefined;
  for (const { name, ...plan } of table.histories ?? []) {
    const policies: Policies = { ...defaultPolicies(table.law), ...plan.policies };
    const machine = fault.together(plan.setup, policies);
    const { bad } = await interleave(table.law, machine, { ...plan, policies }, MOST_INTERLEAVINGS);
    if (bad !== undefined) return { steps: plan.before.length + plan.threads.flat().length, shows: name };
  }
  return null;
}

/** Does a recording of the corpus tell? Undefined: it has none of the profile. */
export function bySuite(table: FaultTable, fault: Fault, hunt: Hunt): Catch | null | undefined {
  const traces = hunt.suite.filter(t => t.profile === table.profile);
  if (traces.length === 0) return undefined;
  const law = lawOf(table, fault);
  if (fault.in === 'law' && law === table.law) return undefined;
  const machines = new Machines(fault);
  let best: Catch | null = null;
  for (const trace of traces) {
    // Only a shorter recording, or the beginning of one, can be better than what was found.
    const most = best === null ? Number.POSITIVE_INFINITY : best.steps - 1;
    const told = tells(table, fault, law, trace, most, hunt.court, machines);
    if (told !== null) best = told;
  }
  return best;
}

/** What the recording shows of the fault within its first `most` events; null: nothing. */
function tells(
  table: FaultTable,
  fault: Fault,
  law: AnyProfile,
  trace: SuiteTrace,
  most: number,
  court: Court,
  machines: Machines,
): Catch | null {
  switch (fault.in) {
    case 'implementation':
      return followed(machines.of(trace), law, trace, most);
    case 'recording':
      return altered(fault, law, trace, most, court);
    case 'law':
      return judgedAnew(table, law, trace, most, court);
  }
}

/** One faulty machine for all recordings of the same hardware: it is put back to the start in between. */
class Machines {
  private readonly made = new Map<string, Restartable>();

  constructor(private readonly fault: Fault) {}

  of({ machine, policies }: SuiteTrace): Restartable {
    if (this.fault.in !== 'implementation') throw new Error(`${this.fault.id} is no fault of a machine`);
    const key = canonical([machine, policies]);
    const known = this.made.get(key) ?? guarded(this.fault.machine(machine, policies));
    this.made.set(key, known);
    return known;
  }
}

/** The faulty machine, making the calls of the recording, leaves the law. */
function followed(machine: Restartable, law: AnyProfile, trace: SuiteTrace, most: number): Catch | null {
  // Of the event after the last that counts only the call is made, as of one that the court refuses.
  const until = Math.min(trace.refused ?? Number.POSITIVE_INFINITY, most + 1, trace.events.length + 1);
  const { parting } = replay(law, trace.machine, trace.policies, trace.events, machine, until);
  return parting !== undefined && parting.event <= most ? { steps: parting.event, shows: trace.name } : null;
}

/** The good recording, with the mistake in it, is refused. */
function altered(
  fault: FaultyRecording,
  law: AnyProfile,
  trace: SuiteTrace,
  most: number,
  court: Court,
): Catch | null {
  if (trace.refused !== undefined) return null;
  const events = fault.alters(trace.events)?.slice(0, most);
  if (events === undefined) return null;
  const numbered = events.map((e, i) => ({ ...e, n: i + 1 }));
  const refusal = court(law, trace, numbered);
  if (refusal === null || refusal === 'maybe') return null;
  return { steps: refusal.event, shows: refusal.rule };
}

/** Under the broken law the recording gets another verdict. */
function judgedAnew(
  table: FaultTable,
  law: AnyProfile,
  trace: SuiteTrace,
  most: number,
  court: Court,
): Catch | null {
  const touched = trace.events.some(e => law.rules[e.op.op] !== table.law.rules[e.op.op]);
  const expected = trace.refused ?? Number.POSITIVE_INFINITY;
  if (!touched || (trace.refused ?? 0) > most) return null;
  const refusal = court(law, trace, trace.events.slice(0, Math.min(most, trace.events.length)));
  if (refusal === 'maybe') return null;
  const at = refusal?.event ?? Number.POSITIVE_INFINITY;
  return at === expected ? null : { steps: Math.min(at, expected), shows: trace.name };
}

const shortest = (found: readonly Catch[]): Catch | null =>
  found.reduce<Catch | null>((best, next) => (best === null || next.steps < best.steps ? next : best), null);
