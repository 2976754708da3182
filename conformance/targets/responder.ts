// How does a system in this process answer a driver, line by line, as a target does?
import type * as t from 'io-ts';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, defaultPolicies, type View } from '../../spec/law/profile.js';
import { RELEASE } from '../../spec/law/release.js';
import { decode } from '../../spec/protocol/codec.js';
import type { Observed } from '../../spec/protocol/observed.js';
import {
  ANY,
  type CallRequest,
  Hello,
  PROTOCOL,
  Reply,
  Request,
  type RequestName,
} from '../../spec/protocol/target.js';
import { parseJson } from '../trace/json.js';
import type { Law } from '../trace/laws.js';
import { LIMITS } from '../trace/limits.js';
import { Malformed } from '../trace/malformed.js';
import { isObject } from '../trace/shape.js';

/** At once, or some time later: a system may be another program. */
type Soon<T> = T | Promise<T>;

/** What stands behind a target: it is built, put back to the start, and called. One call at a time. */
export interface System {
  /** Builds the machine, or puts it back to the start. A text: this machine cannot be built, and why. */
  reset(machine: unknown, policies: Policies): Soon<string | undefined>;
  step(op: AnyOp, fault?: { readonly rule: string; readonly at: number }): Soon<Observed>;
  /**
   * What happened by itself between the last call and the one before, as calls of the profile: whoever slept woke up
   * and finished. Told once.
   */
  meanwhile?(): readonly { readonly op: AnyOp; readonly outcome: Observed }[];
  /** What can be seen of the state now, after the last call. */
  view(): Soon<View | undefined>;
}

/** What it says of itself; the profile is that of the law. */
export type About = Omit<Hello, 'hello' | 'profile'>;

/** Throws nothing at whatever line: what it does not understand it answers by `{"error":"..."}`, which no driver takes. */
export class Responder {
  private readonly policies: Policies;
  private ready = false;

  constructor(
    private readonly law: Law,
    private readonly about: About,
    private readonly system: System,
  ) {
    const claimed = about.policies === ANY || about.policies === undefined ? {} : about.policies;
    const release = about.release === undefined || about.release === ANY ? {} : { [RELEASE]: about.release };
    this.policies = { ...defaultPolicies<Policies>(law.profile), ...claimed, ...release };
  }

  /** The answer to one line, without its newline; undefined to `quit`. The next line comes when it is there. */
  async answer(line: string): Promise<string | undefined> {
    try {
      const value = parseJson({ number: 1, text: line }, LIMITS);
      const name = (Object.keys(Request) as RequestName[]).find(
        key => isObject(value) && Object.hasOwn(value, key),
      );
      if (name === undefined) return wrong('neither hello, reset, call, batch, late nor quit');
      return await this.request(name, value);
    } catch (error) {
      if (error instanceof Malformed) return wrong(error.message);
      throw error;
    }
  }

  private async request(name: RequestName, value: unknown): Promise<string | undefined> {
    const decoded = decode(Request[name] as t.Type<unknown, unknown, unknown>, value);
    if (!decoded.ok) return wrong(`${decoded.defects[0]!.path}: ${decoded.defects[0]!.reason}`);
    const request = decoded.value as never;
    switch (name) {
      case 'hello':
        return this.hello(request);
      case 'reset':
        return this.reset(request);
      case 'call':
        return this.ready ? this.call(request) : wrong('a call before the first reset');
      case 'batch':
        return this.ready ? this.batch(request) : wrong('a call before the first reset');
      case 'late':
        return JSON.stringify({ late: (request as { late: number }).late, answers: [] });
      default:
        return undefined;
    }
  }

  private async batch({ batch }: { readonly batch: readonly CallRequest[] }): Promise<string> {
    const answers: string[] = [];
    for (const call of batch) answers.push(await this.call(call));
    return `{"batch":[${answers.join(',')}]}`;
  }

  private hello({ profile }: { readonly profile?: string }): string {
    const { law, about } = this;
    if (profile !== undefined && profile !== law.profile.name)
      return wrong(`this is a target for ${law.profile.name}, not ${profile}`);
    const machine = about.machine === ANY ? ANY : law.vocabulary.machine.encode(about.machine);
    return JSON.stringify(Hello.encode({ ...about, hello: PROTOCOL, profile: law.profile.name, machine }));
  }

  private async reset(request: {
    readonly reset: number;
    readonly machine?: unknown;
    readonly policies?: Policies;
    readonly release?: string;
  }): Promise<string> {
    const { law, about } = this;
    let { machine } = about;
    if (machine === ANY) {
      const decoded = decode(law.vocabulary.machine, request.machine);
      if (!decoded.ok) return wrong(`machine.${decoded.defects[0]!.path}: ${decoded.defects[0]!.reason}`);
      const misfit = law.vocabulary.machineFits?.(decoded.value);
      if (misfit !== undefined) return wrong(`machine.${misfit.path}: ${misfit.reason}`);
      machine = decoded.value;
    }
    const asked = about.policies === ANY ? request.policies : undefined;
    const release =
      about.release === ANY && request.release !== undefined ? { [RELEASE]: request.release } : {};
    const cannot = await this.system.reset(machine, { ...this.policies, ...asked, ...release });
    this.ready = cannot === undefined;
    const reset = { reset: request.reset };
    return JSON.stringify(Reply.reset.encode(cannot === undefined ? reset : { ...reset, cannot }));
  }

  private async call({ call, op: written, fault }: CallRequest): Promise<string> {
    const decoded = decode(this.law.vocabulary.op, written);
    if (!decoded.ok) return wrong(`op.${decoded.defects[0]!.path}: ${decoded.defects[0]!.reason}`);
    const outcome = await this.system.step(decoded.value as AnyOp, fault);
    const state = await this.system.view();
    const setup = (this.system.meanwhile?.() ?? []).map(m => ({
      ...m,
      op: this.law.vocabulary.op.encode(m.op),
    }));
    return JSON.stringify(
      Reply.call.encode({
        return: call,
        outcome,
        ...(state === undefined ? {} : { state }),
        ...(setup.length === 0 ? {} : { setup }),
      }),
    );
  }
}

const wrong = (says: string): string => JSON.stringify({ error: says.slice(0, 500) });
