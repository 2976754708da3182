// What happens when a target is taken through one run of calls?
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, allowed } from '../../spec/law/profile.js';
import type { Observed } from '../../spec/protocol/observed.js';
import type { LateAnswer } from '../../spec/protocol/target.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Coverage } from '../coverage/collect.js';
import { Judge } from '../judge/judge.js';
import type { Diverges, Unfinished } from '../judge/verdict.js';
import type { Law } from '../trace/laws.js';
import type { RuleTally } from '../verdicts/tally.js';
import { wordOf } from './expectations.js';
import { type Ending, isEndingOf } from './introduce.js';
import type { Answer, CallOf, Session, SetupEvent } from './session.js';

/** A run to be made: on which machine, and which calls. */
export interface Script {
  readonly name: string;
  readonly machine: unknown;
  /** One value for every policy, and the release. */
  readonly policies: Policies;
  /** The state at the start where it is laid out as a bounded world has it. */
  readonly start?: unknown;
  /** May calls be asked for before the answers to those before are known? */
  readonly ahead: boolean;
  /** The next call, from a state that the law may be in; undefined: the run is at its end. */
  next(state: unknown): CallOf | undefined;
}

/** A place where the target left the law, with how it came there. */
export interface Finding {
  readonly verdict: Diverges;
  /** Up to the divergence, it included. */
  readonly events: readonly Event<AnyOp>[];
  /** The calls that were made, without those that the target made by itself. */
  readonly calls: readonly CallOf[];
  readonly machine: unknown;
  readonly policies: Policies;
  /** What it is an instance of: two findings of one key are taken for one defect. */
  readonly key: string;
}

/**
 * `done`: the script was at its end. `diverged`: a finding that was not gone behind. `cannot`: the target cannot be
 * this machine. `unfinished`: the judge gave up. `over`: the run took too long. `broken`: no run began, as `ending` says.
 */
export interface Played {
  readonly is: 'done' | 'diverged' | 'cannot' | 'unfinished' | 'over' | 'broken';
  readonly says?: string;
  readonly ending?: Ending;
  readonly events: readonly Event<AnyOp>[];
  readonly findings: readonly Finding[];
  readonly tally: RuleTally;
  readonly coverage: Coverage;
  /** How many calls were accepted, of those that were answered. */
  readonly accepted: number;
  readonly answered: number;
}

export interface PlayOptions {
  readonly maxCandidates?: number;
  /** Calls that are made at once, where the script allows that and the target takes so many. */
  readonly batch?: number;
  /** Is the judge to go on behind this finding? */
  readonly goOn?: (finding: Finding) => boolean;
}

/** `map map/overlap ok`: the operation, the clause, and what came instead; of a state the field. */
export function keyOf({ op, broken, observed, differs, allowed: choices }: Diverges): string {
  // Whatever the law wanted then, a target that dies of a call has one defect.
  if (isEndingOf(observed)) return `${op.op} ${observed.is}`;
  const what = wordOf(observed);
  const right = choices.some(c => c.outcome.is === observed.is && !('errno' in c.outcome));
  const field = right && differs !== undefined ? ` ${differs.path.replaceAll(/\d+/g, '*')}` : '';
  return `${op.op} ${broken} ${what}${field}`;
}

/**
 * Makes one run. A target that ends in the middle of a batch does not say at which of its calls: then the run is made
 * once more, call by call.
 */
export async function play(session: Session, script: Script, options: PlayOptions = {}): Promise<Played> {
  const player = new Player(session, script, options);
  const played = await player.run();
  if (!player.unsure) return played;
  const calls = [...player.asked];
  const again: Script = { ...script, ahead: false, next: () => calls.shift() };
  const alone = await new Player(session, again, options).run();
  return alone.is === 'done' ? played : alone;
}

class Player {
  private readonly law: Law;
  private judge: Judge<unknown, AnyOp, Policies, unknown>;
  private readonly events: Event<AnyOp>[] = [];
  private readonly calls: CallOf[] = [];
  /** All calls that the target was told to make, answered or not. */
  readonly asked: CallOf[] = [];
  /** It ended within a batch, at a call that nobody knows. */
  unsure = false;
  private readonly findings: Finding[] = [];
  /** By number of the call: the place of its event. */
  private readonly places: number[] = [];
  /** An answer was filled in afterwards, so everything is judged once more. */
  private filled = false;
  private accepted = 0;
  private answered = 0;

  constructor(
    private readonly session: Session,
    private readonly script: Script,
    private readonly options: PlayOptions,
  ) {
    this.law = session.law;
    this.judge = this.newJudge();
  }

  async run(): Promise<Played> {
    const { session, script } = this;
    const begun = await session.reset(script.machine, script.policies);
    if (begun.is === 'cannot') return this.result('cannot', begun.says);
    if (begun.is !== 'ready') return { ...this.result('broken', `${begun.is} at a reset`), ending: begun };
    const stopped = this.prepared(begun.setup) ?? (await this.follow());
    return (await this.settled()) ?? stopped;
  }

  private async follow(): Promise<Played> {
    const { session, script } = this;
    for (;;) {
      const calls = this.ahead();
      if (calls.length === 0) return this.result('done');
      if (session.over) return this.result('over', 'the run took too long');
      this.asked.push(...calls);
      const answers = script.ahead ? await session.batch(calls) : [await session.call(calls[0]!)];
      for (const [i, answer] of answers.entries()) {
        const stopped = this.take(calls[i] ?? calls.at(-1)!, answer);
        if (stopped !== undefined) return stopped;
      }
    }
  }

  /** The calls that are made next; those of operations that the target does not have are passed over. */
  private ahead(): readonly CallOf[] {
    const { script, law, options } = this;
    const { hello } = this.session.intro;
    const many = script.ahead ? Math.min(hello.batch ?? 1, options.batch ?? 32) : 1;
    const calls: CallOf[] = [];
    let state = this.judge.states[0];
    while (calls.length < many) {
      const call = script.next(state);
      if (call === undefined) break;
      if (hello.operations !== undefined && !hello.operations.includes(call.op.op)) {
        this.judge.feed({ n: 0, op: call.op, outcome: { is: 'not-implemented' } });
        continue;
      }
      calls.push(call);
      if (many > 1) state = allowed(law.profile, state, call.op, script.policies).at(-1)!.state;
    }
    return calls;
  }

  /** Takes one answer over; a result ends the run. */
  private take(call: CallOf, answer: Answer | Ending): Played | undefined {
    this.calls.push(call);
    this.unsure ||= isEndingOf(answer) && this.asked.length > this.calls.length;
    if (isEndingOf(answer)) return this.judged(this.event(call.op, answer)) ?? this.result('diverged');
    const stopped = this.prepared(answer.setup);
    if (stopped !== undefined) return stopped;
    this.fill(answer.late);
    this.answered++;
    const outcome: Observed = answer.outcome === 'late' ? { is: 'unobserved' } : answer.outcome;
    if (outcome.is !== 'refused' && outcome.is !== 'not-implemented') this.accepted++;
    const event = this.event(call.op, outcome, answer.state);
    this.places[this.calls.length] = this.events.length - 1;
    return this.judged(event);
  }

  private prepared(setup: readonly SetupEvent[]): Played | undefined {
    for (const { op, outcome, state } of setup) {
      const stopped = this.judged(this.event(op, outcome, state, true));
      if (stopped !== undefined) return stopped;
    }
    return undefined;
  }

  private event(op: AnyOp, outcome: Observed, state?: Event['state'], setup?: true): Event<AnyOp> {
    const event: Event<AnyOp> = {
      n: this.events.length + 1,
      op,
      outcome,
      ...(state === undefined ? {} : { state }),
      ...(setup === undefined ? {} : { setup }),
    };
    this.events.push(event);
    return event;
  }

  private judged(event: Event<AnyOp>): Played | undefined {
    const verdict = this.judge.feed(event);
    if (verdict === undefined) return undefined;
    return this.verdict(verdict, event) ? undefined : this.stopped(verdict);
  }

  private stopped(verdict: Diverges | Unfinished): Played {
    return verdict.verdict === 'unfinished'
      ? this.result('unfinished', verdict.reason)
      : this.result('diverged');
  }

  /** True: the judge goes on. Where answers are late the divergence may be none, so everything waits for them. */
  private verdict(verdict: Diverges | Unfinished, event: Event<AnyOp>): boolean {
    if (verdict.verdict === 'unfinished') return false;
    const { machine, policies } = this.script;
    const finding: Finding = {
      verdict,
      events: this.events.slice(0, event.n),
      calls: [...this.calls],
      machine,
      policies,
      key: keyOf(verdict),
    };
    this.findings.push(finding);
    return this.options.goOn?.(finding) === true && this.judge.takeOver(event);
  }

  private fill(late: readonly LateAnswer[]): void {
    for (const { return: n, outcome, state } of late) {
      const at = this.places[n]!;
      this.events[at] = { ...this.events[at]!, outcome, ...(state === undefined ? {} : { state }) };
      this.filled = true;
    }
  }

  /** Judges everything once more where answers came late; undefined: there was no such answer. */
  private async settled(): Promise<Played | undefined> {
    this.fill(await this.session.settle());
    if (!this.filled) return undefined;
    this.judge = this.newJudge();
    this.findings.length = 0;
    for (const event of this.events) {
      const verdict = this.judge.feed(event);
      if (verdict !== undefined && !this.verdict(verdict, event)) return this.stopped(verdict);
    }
    return this.result('done');
  }

  private newJudge(): Judge<unknown, AnyOp, Policies, unknown> {
    const { script, law, options } = this;
    const { maxCandidates } = options;
    return new Judge(law.profile, script.machine, script.policies, {
      ...(maxCandidates === undefined ? {} : { maxCandidates }),
      ...(script.start === undefined ? {} : { start: script.start }),
    });
  }

  private result(is: Played['is'], says?: string): Played {
    const { judge, events, findings, accepted, answered } = this;
    const { tally, coverage } = judge;
    return {
      is,
      ...(says === undefined ? {} : { says }),
      events,
      findings,
      tally,
      coverage,
      accepted,
      answered,
    };
  }
}
