// How does a driver speak with a target, and what does it make of whatever comes back?
import type * as t from 'io-ts';
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp } from '../../spec/law/profile.js';
import { RELEASE } from '../../spec/law/release.js';
import { brief, decode } from '../../spec/protocol/codec.js';
import type { Observed } from '../../spec/protocol/observed.js';
import {
  ANY,
  type CallReply,
  Hello,
  type LateAnswer,
  Reply,
  type SetupCall,
} from '../../spec/protocol/target.js';
import type { Law, Laws } from '../trace/laws.js';
import {
  type Ending,
  endingOf,
  garbage,
  type Introduction,
  introduce,
  isEndingOf,
  NoTarget,
  readReply,
} from './introduce.js';
import type { TargetLimits } from './limits.js';
import type { Clock, Dial, Link } from './link.js';

export interface CallOf {
  readonly op: AnyOp;
  readonly fault?: { readonly rule: string; readonly at: number };
}

/** A call that the target made by itself, its words decoded. */
export interface SetupEvent {
  readonly op: AnyOp;
  readonly outcome: Observed;
  readonly state?: { readonly [key: string]: unknown };
}

/** The answer to one call: of the observed words, or `late`. */
export interface Answer {
  readonly outcome: Observed | 'late';
  readonly state?: { readonly [key: string]: unknown };
  readonly setup: readonly SetupEvent[];
  readonly late: readonly LateAnswer[];
}

/** `cannot`: the machine cannot be built. An ending: there was no usable answer. */
export type ResetResult =
  | { readonly is: 'ready'; readonly setup: readonly SetupEvent[] }
  | { readonly is: 'cannot'; readonly says: string }
  | Ending;

/** It was started anew so often that the driver gave up. */
export class TargetLost extends Error {
  override readonly name = 'TargetLost';
}

/** Most milliseconds that a target has to go by itself after `quit`; then it is ended. */
const FAREWELL = 200;

/** One target, over as many starts as it takes. `close` must be called at the end, whatever happened. */
export class Session {
  starts = 0;
  calls = 0;
  /** Answers of these calls of the run are still to come. */
  private readonly pending = new Set<number>();
  private run = 0;
  private made = 0;
  private link: Link | undefined;
  private began = 0;
  private stderr: readonly string[] = [];
  /** Starts while a counterexample is made smaller do not count: the runs for that are counted themselves. */
  shrinking = false;
  /** How often it may still be started anew. */
  private left: number;

  private constructor(
    readonly intro: Introduction,
    private readonly dial: Dial,
    private readonly limits: TargetLimits,
    private readonly clock: Clock,
    link: Link,
    private readonly profile: string | undefined,
  ) {
    this.link = link;
    this.starts = 1;
    this.left = limits.restarts;
  }

  /** Starts the target and asks what it is. Throws `Unreachable` or `NoTarget`. */
  static async open(
    dial: Dial,
    laws: Laws,
    limits: TargetLimits,
    clock: Clock,
    profile?: string,
  ): Promise<Session> {
    const link = await dial();
    try {
      const intro = await introduce(link, laws, limits, profile);
      return new Session(intro, dial, limits, clock, link, profile);
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  get law(): Law {
    return this.intro.law;
  }

  /** What it said on its standard error last. */
  get said(): readonly string[] {
    return this.link?.said ?? this.stderr;
  }

  /** The run has had its time: nothing more is to be called in it. */
  get over(): boolean {
    return this.clock() - this.began >= this.limits.run;
  }

  get hasLate(): boolean {
    return this.pending.size > 0;
  }

  /** Begins a run on this machine. After an ending the next reset starts the target anew. */
  async reset(machine: unknown, policies: Policies): Promise<ResetResult> {
    const { hello, law } = this.intro;
    const again = hello.reset === 'restart' && this.run > 0;
    if (again) await this.drop(true);
    this.pending.clear();
    const trouble = await this.revive(again);
    if (trouble !== undefined) return trouble;
    const link = this.link!;
    link.fresh();
    this.made = 0;
    this.began = this.clock();
    const { [RELEASE]: release, ...others } = policies;
    link.send(
      JSON.stringify({
        reset: ++this.run,
        ...(hello.machine === ANY ? { machine: law.vocabulary.machine.encode(machine) } : {}),
        ...(hello.policies === ANY ? { policies: others } : {}),
        ...(hello.release === ANY && release !== undefined ? { release } : {}),
      }),
    );
    const reply = await this.reply(Reply.reset, this.limits.reset, 'reset', this.run);
    if ('is' in reply) return this.failed(reply);
    if (reply.value.cannot !== undefined) return { is: 'cannot', says: reply.value.cannot };
    const setup = this.setup(reply.value.setup);
    return 'is' in setup ? this.failed(setup) : { is: 'ready', setup: setup.events };
  }

  /** Makes one call of the run. After an ending nothing more can be called before the next reset. */
  async call({ op, fault }: CallOf): Promise<Answer | Ending> {
    const n = ++this.made;
    this.calls++;
    this.link!.send(this.spell(n, op, fault));
    const reply = await this.reply(Reply.call, this.time(1), 'return', n);
    return 'is' in reply ? this.failed(reply) : this.answer(n, reply.value);
  }

  /** Makes several calls at once. As many answers as calls, or as many as came before the ending and the ending. */
  async batch(calls: readonly CallOf[]): Promise<readonly (Answer | Ending)[]> {
    if (calls.length === 1) return [await this.call(calls[0]!)];
    const first = this.made + 1;
    this.made += calls.length;
    this.calls += calls.length;
    this.link!.send(`{"batch":[${calls.map((c, i) => this.spell(first + i, c.op, c.fault)).join(',')}]}`);
    const reply = await this.reply(Reply.batch, this.time(calls.length));
    if ('is' in reply) return [await this.failed(reply)];
    const answers: (Answer | Ending)[] = [];
    for (const [i, value] of reply.value.batch.entries()) {
      const n = first + i;
      const wrong = i >= calls.length || value.return !== n;
      const answer = wrong
        ? await this.failed(
            garbage(`answer ${i + 1} of a batch of ${calls.length} is to call ${value.return}`),
          )
        : await this.answer(n, value);
      answers.push(answer);
      if (isEndingOf(answer)) return answers;
    }
    if (answers.length === calls.length) return answers;
    return [
      ...answers,
      await this.failed(garbage(`a batch of ${calls.length} calls with ${answers.length} answers`)),
    ];
  }

  /** Answers that were late and are known by now. Those that never come are none. */
  async settle(): Promise<readonly LateAnswer[]> {
    if (this.pending.size === 0 || this.link === undefined) return [];
    this.link.send(JSON.stringify({ late: this.made }));
    const reply = await this.reply(Reply.late, this.time(1), 'late', this.made);
    if ('is' in reply) {
      await this.failed(reply);
      return [];
    }
    return reply.value.answers.filter(a => this.pending.delete(a.return));
  }

  /** Ends the target, and whatever it started. */
  async close(): Promise<void> {
    await this.drop(true);
  }

  private spell(call: number, op: AnyOp, fault: CallOf['fault']): string {
    const written = this.law.vocabulary.op.encode(op);
    return JSON.stringify(fault === undefined ? { call, op: written } : { call, op: written, fault });
  }

  /** Milliseconds that so many calls have. */
  private time(calls: number): number {
    return Math.min(this.limits.call * calls, Math.max(this.limits.call, this.limits.run));
  }

  private async answer(n: number, value: CallReply): Promise<Answer | Ending> {
    const setup = this.setup(value.setup);
    if ('is' in setup) return this.failed(setup);
    const late = value.late ?? [];
    const stray = late.find(a => !this.pending.has(a.return));
    if (stray !== undefined)
      return this.failed(garbage(`a late answer to call ${stray.return}, which has one`));
    for (const a of late) this.pending.delete(a.return);
    if (value.outcome === 'late') this.pending.add(n);
    const { outcome, state } = value;
    return { outcome, ...(state === undefined ? {} : { state }), setup: setup.events, late };
  }

  private setup(
    calls: readonly SetupCall[] | undefined,
  ): { readonly events: readonly SetupEvent[] } | Ending {
    const events: SetupEvent[] = [];
    for (const { op, outcome, state } of calls ?? []) {
      const decoded = decode(this.law.vocabulary.op, op);
      if (!decoded.ok) return garbage(`setup: ${decoded.defects[0]!.path}: ${decoded.defects[0]!.reason}`);
      events.push({ op: decoded.value as AnyOp, outcome, ...(state === undefined ? {} : { state }) });
    }
    return { events };
  }

  /** One line, as the codec reads it, with the number under `key`; or what it is instead. */
  private async reply<A>(
    codec: t.Type<A, unknown, unknown>,
    ms: number,
    key?: string,
    number?: number,
  ): Promise<{ readonly value: A } | Ending> {
    const link = this.link!;
    const now = link.receive(ms);
    const arrival = now instanceof Promise ? await now : now;
    if (arrival.is !== 'line') return endingOf(arrival, ms);
    const read = readReply(codec, arrival.text);
    if ('is' in read || key === undefined) return read;
    const found = (read.value as { readonly [key: string]: unknown })[key];
    return found === number ? read : garbage(`expected ${key} ${number}, got ${key} ${brief(found)}`);
  }

  private async failed(ending: Ending): Promise<Ending> {
    await this.drop(false);
    return ending;
  }

  private async drop(farewell: boolean): Promise<void> {
    const { link } = this;
    if (link === undefined) return;
    this.link = undefined;
    if (farewell) {
      link.send('{"quit":true}');
      await link.receive(FAREWELL);
    }
    await link.close();
    this.stderr = link.said;
  }

  /** Starts it anew where it is gone. It must say the same of itself as the first time. */
  private async revive(planned: boolean): Promise<Ending | undefined> {
    if (this.link !== undefined) return undefined;
    this.starts++;
    if (!planned && !this.shrinking && --this.left < 0)
      throw new TargetLost(`the target was started anew ${this.limits.restarts} times`);
    const link = await this.dial();
    const { law } = this.intro;
    const laws = {
      profiles: { [law.profile.name]: law.profile },
      vocabularies: { [law.profile.name]: law.vocabulary },
    };
    try {
      const { hello } = await introduce(link, laws, this.limits, this.profile);
      if (JSON.stringify(Hello.encode(hello)) !== JSON.stringify(Hello.encode(this.intro.hello)))
        throw new NoTarget('it says something else of itself than when it was started first', link.said);
    } catch (error) {
      await link.close();
      this.stderr = link.said;
      if (!(error instanceof NoTarget)) throw error;
      return garbage(error.message);
    }
    this.link = link;
    return undefined;
  }
}
