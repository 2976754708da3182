// Why was an operation answered so: which clause, by which facts, and after what would it have succeeded?
import { CALLS } from '../../spec/calls/index.js';
import type { Clause, Policies } from '../../spec/law/clause.js';
import { type AnyOp, type AnyProfile, allowed } from '../../spec/law/profile.js';
import { inForce } from '../../spec/law/release.js';
import type { Citation } from '../../spec/law/sources.js';
import type { Observed } from '../../spec/protocol/observed.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import { type Event, opSeen } from '../../spec/protocol/trace.js';
import { sameOutcome } from '../judge/observed.js';
import { nameIn } from '../report/describe.js';
import { bearingOn } from './bearing.js';
import { before, instead, type Question, type Remedy, without } from './changes.js';
import { eventsTo, type Moment, madeBy } from './history.js';
import { rowAt } from './rows.js';
import { triesOf } from './tries.js';
import { type Read, watching } from './watching.js';

type AnyClause = Clause<object, AnyOp>;

/** A clause that can give the answer, and whether it did: `later`: it would have, had none before it. */
export interface Candidate {
  readonly id: string;
  readonly says: string;
  readonly cite: readonly Citation[];
  readonly is: 'applied' | 'later' | 'not-here';
}

/** One thing that the condition rests on, in words, and the event that made it so (none: the machine is so). */
export interface Fact {
  readonly says: string;
  readonly event?: number;
  readonly line?: number;
  readonly made?: AnyOp;
  /** What the call itself named, and not what it met. */
  readonly named: boolean;
}

export interface Explained {
  readonly event: number;
  readonly line?: number;
  readonly op: AnyOp;
  /** Fields of the call that nobody saw: facts and changes are of one way in which it may have been. */
  readonly unseen: readonly string[];
  readonly observed: Observed;
  /** The law does not allow what was observed: what is explained is what it allows. */
  readonly diverges: boolean;
  /** Operations of the profile are reports: a refusal says that nothing of the kind can have been done. */
  readonly reports: boolean;
  readonly answer: Outcome;
  readonly rule: string;
  /** Every clause of the operation that can give `answer`, in the order in which they are asked. */
  readonly clauses: readonly Candidate[];
  /** Every clause that can give what was observed, where that is another answer. */
  readonly observedBy: readonly Candidate[];
  readonly facts: readonly Fact[];
  /** What of the call the condition looked at. */
  readonly call: readonly { readonly field: string; readonly value: unknown }[];
  readonly changes: readonly Remedy[];
}

/** What is needed beside the event: the law, the machine, and where the recording stood before it. */
export interface Standing {
  readonly profile: AnyProfile;
  readonly policies: Policies;
  readonly machine: unknown;
  readonly before: Moment;
  readonly lineOf: (event: number) => number | undefined;
  /** Is it a call, and one that fits the machine? */
  readonly fits: (op: AnyOp) => boolean;
}

/** Facts beyond these say no more. */
const MOST_FACTS = 6;

/** Explains one event; `rule` is the clause that allows it, undefined where none does. `search`: for changes, too. */
export function explain(
  standing: Standing,
  event: Event<AnyOp>,
  rule: string | undefined,
  search = true,
): Explained {
  const { profile, policies, before: moment } = standing;
  const endings = allowed(profile, moment.state, event.op, policies);
  const ending =
    endings.find(e => e.rule === rule && sameOutcome(e.outcome, event.outcome)) ?? endings.at(-1)!;
  const clauses = inForce(profile.rules[event.op.op] as readonly AnyClause[], policies);
  const guilty = clauses.find(c => c.id === ending.rule)!;
  const refused = ending.outcome.is !== 'ok';
  const asked = refused || profile.remarks?.includes(event.op.op) === true;
  return {
    event: event.n,
    ...(event.line === undefined ? {} : { line: event.line }),
    op: opSeen(event),
    unseen: (event.unseen ?? []).filter(field => Object.hasOwn(event.op, field)),
    observed: event.outcome,
    diverges: rule === undefined,
    reports: profile.reports === true,
    answer: ending.outcome,
    rule: ending.rule,
    clauses: candidates(clauses, standing, event.op, ending.rule, ending.outcome),
    observedBy:
      rule === undefined
        ? candidates(clauses, standing, event.op, ending.rule, event.outcome, event.outcome)
        : [],
    ...(asked ? grounds(standing, guilty, event) : { facts: [], call: [] }),
    changes: search && refused && profile.reports !== true ? changes(standing, event.op) : [],
  };
}

/** The clauses that can give an error code; of another answer only the one that did. */
function candidates(
  clauses: readonly AnyClause[],
  { before: { state }, policies }: Standing,
  op: AnyOp,
  rule: string,
  answer: Observed,
  seen?: Observed,
): readonly Candidate[] {
  const can = clauses.filter(c =>
    answer.is === 'refused' ? c.errno === answer.errno : seen === undefined && c.id === rule,
  );
  const at = clauses.findIndex(c => c.id === rule);
  const later = new Set(clauses.slice(at + 1).map(c => c.id));
  return can.map(({ id, says, cite, when }) => ({
    id,
    says,
    cite,
    is:
      id === rule
        ? 'applied'
        : later.has(id) && holds(() => when(state, op, policies))
          ? 'later'
          : 'not-here',
  }));
}

/** A condition that stands behind others may ask for what they have made sure of. */
function holds(when: () => boolean): boolean {
  try {
    return when();
  } catch {
    return false;
  }
}

/** The facts that the condition rests on, and what of the call it looked at. */
function grounds(
  standing: Standing,
  clause: AnyClause,
  { op, unseen = [] }: Event<AnyOp>,
): Pick<Explained, 'facts' | 'call'> {
  const { profile, policies, machine, before: moment, lineOf } = standing;
  const told = profile.explain?.(moment.state, op, policies);
  if (told !== undefined) {
    return {
      call: [],
      facts: told.map(({ event, says }) => ({
        ...place(event, event === undefined ? undefined : lineOf(event)),
        says,
        named: false,
      })),
    };
  }
  const seen = watching(moment.state, op, (s, o) => clause.when(s, o, policies));
  const start = profile.initial(machine, policies, false) as object;
  const rows = bearingOn(moment.state, start, seen.state, op, s => clause.when(s, op, policies));
  const facts = rows.slice(0, MOST_FACTS).map(({ row, fields, named }) => {
    const made = madeBy(moment, row);
    const says = profile.tell?.(moment.state, row, machine) ?? spelt(moment.state, row, fields, machine);
    return { says, named, ...place(made?.n, made?.line), ...(made === undefined ? {} : { made: made.op }) };
  });
  return {
    facts: [...facts.filter(f => !f.named), ...facts.filter(f => f.named)],
    call: ofCall(seen.call).filter(c => !unseen.includes(c.field)),
  };
}

function place(event: number | undefined, line: number | undefined): { event?: number; line?: number } {
  return { ...(event === undefined ? {} : { event }), ...(line === undefined ? {} : { line }) };
}

export function ofCall(reads: readonly Read[]): Explained['call'] {
  const found = new Map<string, unknown>();
  for (const { row, field, value } of reads)
    if (value !== undefined) found.set([...row, field].join('.'), value);
  return [...found].map(([field, value]) => ({ field, value }));
}

/** `groups 2: owner 1`: for profiles that have no words for their rows. */
export function spelt(
  state: object,
  row: readonly (string | number)[],
  fields: readonly string[],
  machine: unknown,
): string {
  const found = rowAt(state, row);
  const known = typeof row[1] === 'number' ? nameIn(machine, String(row[0]), row[1]) : undefined;
  const name =
    row.length === 0 ? 'the machine' : `${row.join(' ')}${known === undefined ? '' : ` (${known})`}`;
  if (typeof found !== 'object' || found === null) return `${name}: not there`;
  const values = (fields.length === 0 ? Object.keys(found) : fields).map(
    field => [field, (found as { readonly [f: string]: unknown })[field]] as const,
  );
  const scalars = values.filter(([, value]) => typeof value !== 'object' && typeof value !== 'function');
  return `${name}: ${scalars.map(([field, value]) => `${field} ${typeof value === 'bigint' ? `0x${value.toString(16)}` : value}`).join(', ')}`;
}

function changes(standing: Standing, op: AnyOp): readonly Remedy[] {
  const { profile, policies, machine, before: moment, fits } = standing;
  const history = eventsTo(moment);
  const tries = triesOf(
    profile,
    CALLS[profile.name],
    machine,
    history.map(e => e.op),
  );
  const q: Question = { profile, policies, machine, state: moment.state, op, fits, tries };
  const start = profile.initial(machine, policies, false) as object;
  return [...instead(q), ...before(q), ...without(q, start, history, recent(history))];
}

/** Leaving out one event costs as much as the recording is long. */
const REPLAYED = 200_000;

/** The events that are worth leaving out, the latest first. */
const recent = (history: readonly Event<AnyOp>[]): readonly Event<AnyOp>[] =>
  history.slice(-Math.max(1, Math.floor(REPLAYED / (history.length + 1)))).reverse();
