// Could the law have produced what was recorded?
import type { Policies } from '../../spec/law/clause.js';
import { GaveUp } from '../../spec/law/gave-up.js';
import { checkPolicies } from '../../spec/law/known.js';
import { type AnyOp, allowed, type Profile } from '../../spec/law/profile.js';
import { UNOBSERVED } from '../../spec/protocol/observed.js';
import { type Event, opSeen } from '../../spec/protocol/trace.js';
import { Coverage } from '../coverage/collect.js';
import { RuleTally, type Sign } from '../verdicts/tally.js';
import { Candidates, type Gathering } from './candidates.js';
import { type Agreement, divergence } from './divergence.js';
import { EventLines } from './event-lines.js';
import { sameOutcome, shows } from './observed.js';
import { statesBehind } from './taking-over.js';
import type { Conforms, Diverges, Step, Unfinished } from './verdict.js';

export interface JudgeOptions {
  /** How many states may be possible at a time before the judge gives up. */
  readonly maxCandidates?: number;
  /** The state at the start, laid out as a bounded world has it; left out: made from the machine. */
  readonly start?: unknown;
}

/** How many events a report shows before the one that diverges. */
const REMEMBERED = 2;

/**
 * Judges one recording, event by event. It carries the set of states that are still possible: an event
 * keeps those successors whose answer is the observed one and whose view shows what else was observed.
 * With one candidate and nothing observed beside the answer, an event costs one evaluation of its clauses.
 */
export class Judge<S, O extends AnyOp, P extends Policies, Setup> {
  /** What the recording has exercised so far; the event that diverges is not part of it. */
  readonly coverage: Coverage;
  /** The same by clause, with what was broken and what could not be seen. */
  readonly tally = new RuleTally();
  private readonly candidates: Candidates<S>;
  private readonly most: number;
  private readonly before: Step[] = [];
  private readonly agreed: Agreement = new Map();
  /** For explanations that reach far back. */
  private readonly lines = new EventLines();
  private events = 0;
  /** Events that depend on what came before the recording, and the first of them. */
  private opened = 0;
  private firstOpen: Event<O> | undefined;
  private ended: Diverges | Unfinished | undefined;

  constructor(
    private readonly profile: Profile<S, O, P, Setup>,
    setup: Setup,
    private readonly policies: P,
    options: JudgeOptions = {},
  ) {
    checkPolicies(profile, policies);
    this.most = options.maxCandidates ?? 4096;
    this.coverage = new Coverage(profile.name);
    this.candidates = new Candidates(
      (options.start as S | undefined) ?? profile.initial(setup, policies, false),
      this.most,
    );
  }

  /** How many states are still possible. May count equal ones twice while the judging goes on. */
  get possible(): number {
    return this.candidates.now.length;
  }

  /** The states that are still possible; may hold equal ones twice. */
  get states(): readonly S[] {
    return this.candidates.now;
  }

  /** The line of the recording that reports an event, where it came from one. */
  lineOf(event: number): number | undefined {
    return this.lines.of(event);
  }

  /** The rules that allow the event that was accepted last. */
  get spoke(): readonly string[] {
    return this.before.at(-1)?.rules ?? [];
  }

  /** Judges the next event. Undefined: so far so good. A verdict is final, later events change nothing. */
  feed(event: Event<O>): Diverges | Unfinished | undefined {
    if (this.ended !== undefined) return this.ended;
    if (event.outcome.is === 'not-implemented') return this.skip(event);
    const next = this.candidates.gather();
    const rules = this.survivors(event, next);
    if (typeof rules === 'string') return (this.ended = unfinished(event, rules));
    if (rules.length === 0) return (this.ended = this.diverges(event));
    if (next.full || !this.candidates.replace(next)) {
      for (const rule of rules) this.count(event, rule, 'unknown');
      return (this.ended = unfinished(
        event,
        `more than ${this.most} states are possible after event ${event.n}`,
      ));
    }
    this.accept(event, rules);
    return undefined;
  }

  /**
   * After a divergence at this event: goes on from the states that go with the system's own answer, so that one
   * defect does not hide the rest. False: there is none. What comes after is judged as if nothing had been wrong.
   */
  takeOver(event: Event<O>): boolean {
    const { profile, policies, candidates } = this;
    if (this.ended?.verdict !== 'diverges') return false;
    const states = statesBehind(profile, policies, candidates.now, event);
    if (states.length === 0 || states.length > this.most) return false;
    const next = candidates.gather();
    for (const state of states) next.add(state);
    candidates.replace(next);
    this.ended = undefined;
    const { state: _, ...answer } = event;
    this.remember(answer, []);
    return true;
  }

  /** The clauses that close the lists of the operation, in the states that are possible now. */
  closing(op: O): readonly string[] {
    const { profile, policies } = this;
    return [...new Set(this.candidates.now.map(state => allowed(profile, state, op, policies).at(-1)!.rule))];
  }

  /** An operation that whoever was asked does not have: nothing changed, and nothing was tested. */
  private skip(event: Event<O>): undefined {
    for (const rule of this.closing(event.op)) this.count(event, rule, 'not-implemented');
    this.remember(event, []);
    return undefined;
  }

  private diverges(event: Event<O>): Diverges {
    const { profile, policies, before, agreed, lines } = this;
    const states = this.candidates.now;
    const found = divergence({ profile, policies, states, before, agreed, lines }, event);
    this.count(event, found.broken, 'failed');
    return event.setup === true ? { ...found, setup: true } : found;
  }

  private count(event: Event<O>, rule: string, sign: Sign): void {
    if (event.setup !== true) this.tally.count(rule, sign);
  }

  /** To be called after the last event of a recording whose reader is content with its end. */
  finish(): Conforms | Diverges | Unfinished {
    if (this.ended !== undefined) return this.ended;
    if (this.firstOpen !== undefined) return partly(this.firstOpen, this.opened, this.events);
    return { verdict: 'conforms', events: this.events, candidates: this.candidates.count() };
  }

  /** As `gather`; a law that cannot carry on says why. */
  private survivors(event: Event<O>, next: Gathering<S>): readonly string[] | string {
    try {
      return this.gather(event, next);
    } catch (error) {
      if (error instanceof GaveUp) return error.message;
      throw error;
    }
  }

  /** Collects the successors that agree with the event; gives the rules that allow them. */
  private gather(event: Event<O>, next: Gathering<S>): readonly string[] {
    const { profile, policies } = this;
    const rules: string[] = [];
    let sure = false;
    for (const state of this.candidates.now) {
      for (const ending of allowed(profile, state, event.op, policies)) {
        if (!sameOutcome(ending.outcome, event.outcome)) continue;
        if (event.state !== undefined && !shows(profile.view(ending.state), event.state)) continue;
        if (!rules.includes(ending.rule)) rules.push(ending.rule);
        sure ||= ending.open !== true;
        next.add(ending.state);
        if (next.full) return rules;
      }
    }
    if (rules.length > 0 && !sure) this.leftOpen(event);
    return rules;
  }

  /** An event that no line shows to be right or wrong. */
  private leftOpen(event: Event<O>): void {
    this.opened++;
    this.firstOpen ??= event;
  }

  private accept(event: Event<O>, rules: readonly string[]): void {
    if (event.setup !== true) {
      this.coverage.record(event.op, rules, event.outcome);
      // With an argument that nobody saw, the clause that spoke is one of those that may have.
      this.tally.accepted(rules, event.unseen === undefined ? event.outcome : { is: UNOBSERVED });
    }
    this.remember(event, rules);
  }

  private remember(event: Event<O>, rules: readonly string[]): void {
    this.events++;
    const { n, outcome, line } = event;
    const op = opSeen(event);
    if (line !== undefined) this.lines.add(n, line);
    this.before.push(
      line === undefined ? { event: n, op, outcome, rules } : { event: n, line, op, outcome, rules },
    );
    if (this.before.length > REMEMBERED) this.before.shift();
    if (event.state === undefined) return;
    for (const field of Object.keys(event.state))
      this.agreed.set(field, { event: n, value: event.state[field] });
  }
}

/** The verdict on a recording that begins late: nothing is wrong, and not all is shown to be right. */
function partly(first: Event, open: number, all: number): Unfinished {
  const reason = `of ${all} events ${open} depend on what came before the recording; nothing else diverges`;
  return { ...unfinished(first, reason), partial: true };
}

function unfinished(event: Event, reason: string): Unfinished {
  const verdict = { verdict: 'unfinished', event: event.n, reason } as const;
  return event.line === undefined ? verdict : { ...verdict, line: event.line };
}
