// How is a story told while a recording is judged?

import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp, AnyProfile } from '../../spec/law/profile.js';
import { allowed } from '../../spec/law/profile.js';
import { RELEASE } from '../../spec/law/release.js';
import { type Event, opSeen } from '../../spec/protocol/trace.js';
import type { Judge } from '../judge/judge.js';
import { statesBehind } from '../judge/taking-over.js';
import type { Diverges, Unfinished } from '../judge/verdict.js';
import { describeOp, describeOutcome, plain } from '../report/describe.js';
import { reportDivergence } from '../report/divergence.js';
import { type Change, differences } from './changes.js';
import type { Broken, Parting, Story, StoryClause, StoryStep, Way } from './story.js';

/** What the story says of itself before it begins. */
export interface Beginning {
  readonly header: { readonly producer: string; readonly narration?: readonly string[] };
  readonly profile: AnyProfile;
  readonly machine: unknown;
  readonly policies: Policies;
}

export interface About {
  readonly file?: string;
  /** The command that shows it again. */
  readonly again?: string;
  /** Steps whose changes are told, at most. */
  readonly seen?: number;
  /** Steps that are told at all, at most; up to a quarter more at times. */
  readonly most?: number;
  /** What the events show of the state is all that there is: the changes tell it. */
  readonly whole?: true;
  readonly broken?: Broken;
}

/** Of a longer recording the views are not compared step by step: each costs as much as what is mapped. */
export const SEEN = 5000;
/** Of a longer recording the steps behind the first `SEEN` are left out, but for the last ones. */
const MOST = 200_000;
/** So many allowed endings are drawn. */
const WAYS = 8;

type AnyJudge = Judge<unknown, AnyOp, Policies, unknown>;

/** Told event by event, each after the judge had it. */
export class Teller {
  private readonly start: unknown;
  private readonly steps: StoryStep[] = [];
  private readonly clauses = new Map<string, StoryClause>();
  private view: unknown;
  private seen = 0;
  private left = 0;
  private parting: Parting | undefined;
  private unfinished: Unfinished | undefined;

  constructor(
    private readonly begun: Beginning,
    private readonly judge: AnyJudge,
    private readonly about: About = {},
  ) {
    this.start = this.now();
    this.view = this.start;
  }

  /** What the last step changed; undefined where nobody looked. */
  get changes(): readonly Change[] | undefined {
    return this.steps.at(-1)?.changes;
  }

  /** The event, and what the judge said of it. */
  step(event: Event<AnyOp>, verdict: Diverges | Unfinished | undefined): void {
    const { judge, begun } = this;
    if (verdict?.verdict === 'diverges') this.parting = this.partingAt(event, verdict);
    if (verdict?.verdict === 'unfinished') this.unfinished = verdict;
    const { name, fields } = describeOp(opSeen(event), begun.machine);
    const rules = verdict === undefined ? judge.spoke : [];
    for (const rule of rules) this.cite(event.op, rule);
    const changes = verdict === undefined ? this.look() : undefined;
    const { n, line, outcome, setup, note, state } = event;
    const skipped = outcome.is === 'not-implemented' ? 'not-implemented' : 'allowed';
    this.steps.push({
      n,
      ...(line === undefined ? {} : { line }),
      op: plain(opSeen(event)),
      outcome: plain(outcome),
      call: name,
      fields,
      answer: describeOutcome(outcome),
      verdict: verdict === undefined ? skipped : verdict.verdict,
      rules,
      possible: judge.possible,
      ...(setup === undefined ? {} : { setup }),
      ...(note === undefined ? {} : { note }),
      ...(state === undefined || this.about.whole ? {} : { state: plain(state) }),
      ...(changes === undefined ? {} : { changes }),
    });
    this.leaveOut();
  }

  /** Not at every step: what is behind has to move. */
  private leaveOut(): void {
    const { seen = SEEN, most = MOST } = this.about;
    const beyond = this.steps.length - most;
    if (beyond <= most / 4 || most <= seen) return;
    this.steps.splice(seen, beyond);
    this.left += beyond;
  }

  /** To be called once, after the last step. */
  story(): Story {
    const { begun, judge, about, steps, seen, parting, unfinished } = this;
    const { header, profile, machine, policies } = begun;
    const last = judge.finish();
    const reason = unfinished?.reason ?? (last.verdict === 'unfinished' ? last.reason : undefined);
    const told = steps.length - (parting === undefined ? 0 : 1);
    const release = policies[RELEASE];
    return {
      story: 1,
      ...(about.file === undefined ? {} : { file: about.file }),
      profile: profile.name,
      title: profile.title,
      producer: header.producer,
      narration: header.narration ?? [],
      ...(release === undefined ? {} : { release }),
      chosen: chosenOf(profile, policies),
      machine: plain(machine),
      start: this.start,
      steps,
      seen,
      ...(this.left === 0 ? {} : { left: this.left }),
      ...(seen >= told ? {} : { end: this.now() }),
      clauses: Object.fromEntries(this.clauses),
      verdict: parting !== undefined ? 'diverges' : reason !== undefined ? 'unfinished' : 'conforms',
      ...(reason === undefined ? {} : { reason }),
      ...(parting === undefined ? {} : { parting }),
      ...(about.broken === undefined ? {} : { broken: about.broken }),
    };
  }

  private now(): unknown {
    return plain(this.begun.profile.view(this.judge.states[0]));
  }

  private look(): readonly Change[] | undefined {
    if (this.seen < this.steps.length || this.seen >= (this.about.seen ?? SEEN)) return undefined;
    const [before, after] = [this.view, this.now()];
    this.view = after;
    this.seen++;
    return differences(before, after);
  }

  private partingAt(event: Event<AnyOp>, verdict: Diverges): Parting {
    const { profile, machine, policies } = this.begun;
    const { file = '-', again } = this.about;
    const states = this.judge.states;
    const before = this.now();
    const seenAs = (state: unknown): readonly Change[] => differences(before, plain(profile.view(state)));
    const behind = statesBehind(profile, policies, states, event)[0];
    const report = reportDivergence(verdict, {
      file,
      profile,
      machine,
      ...(again === undefined ? {} : { again }),
    }).data;
    const differs = report.differs as Parting['differs'];
    return {
      n: event.n,
      observed: {
        answer: describeOutcome(event.outcome),
        rules: [],
        ...(behind === undefined ? {} : { changes: seenAs(behind) }),
      },
      allowed: this.ways(event.op, states[0], seenAs),
      ...(differs === undefined ? {} : { differs }),
      related: verdict.related,
      report,
    };
  }

  /** What the law allows in the first of the states that are possible; each answer with its state once. */
  private ways(op: AnyOp, state: unknown, seenAs: (state: unknown) => readonly Change[]): readonly Way[] {
    const { profile, policies } = this.begun;
    const endings = allowed<unknown, AnyOp, Policies, unknown>(profile, state, op, policies);
    return endings.slice(0, WAYS).map(({ rule, outcome, state: after }) => {
      this.cite(op, rule);
      const refused = profile.reports === true && outcome.is === 'refused';
      const answer = refused ? 'no such event is possible here' : describeOutcome(outcome);
      return { answer, rules: [rule], changes: seenAs(after) };
    });
  }

  private cite(op: AnyOp, id: string): void {
    if (this.clauses.has(id)) return;
    const clause = this.begun.profile.rules[op.op]?.find((c: { id: string }) => c.id === id);
    if (clause === undefined) return;
    const { says, cite, status, kind, errno } = clause;
    const places = cite.map((c: { source: string; at: string }) => `${c.source}: ${c.at}`);
    this.clauses.set(id, {
      says,
      cite: places,
      status,
      kind,
      ...(errno === undefined ? {} : { errno }),
    });
  }
}

function chosenOf(profile: AnyProfile, policies: Policies): Policies {
  const other = profile.policies.filter(p => policies[p.name] !== p.values[0]!.value);
  return Object.fromEntries(other.map(p => [p.name, policies[p.name]!]));
}
