// How does a long run of calls that fails become a short one, where the only way to try is to make the calls?
import { canonical } from '../../spec/kit/canonical.js';
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp } from '../../spec/law/profile.js';
import { ANY } from '../../spec/protocol/target.js';
import type { Law } from '../trace/laws.js';
import { type Finding, type PlayOptions, play, type Script } from './play.js';
import type { CallOf, Session } from './session.js';

export interface Shrunk {
  readonly finding: Finding;
  /** How many runs it took. */
  readonly runs: number;
  /** False: the calls were made again, and did not fail again; the finding is as it was. */
  readonly repeats: boolean;
  /** The shortest run that was met on the way in which the target leaves the law otherwise, if it is a shorter one. */
  readonly aside?: Finding;
}

/** Calls are left out in pairs as long as there are no more than this. */
const MOST_PAIRED = 24;
const PAGE = 4096n;

/** A script that makes exactly these calls. */
export function scriptOf(
  name: string,
  machine: unknown,
  policies: Policies,
  calls: readonly CallOf[],
): Script {
  let at = 0;
  return { name, machine, policies, ahead: true, next: () => calls[at++] };
}

/**
 * Leaves out calls, makes arguments smaller, and the machine where it is built to order, as long as a run of what is
 * left leaves the law in the same way. Spends at most `most` runs.
 */
export async function shrink(
  session: Session,
  finding: Finding,
  options: PlayOptions,
  most: number,
): Promise<Shrunk> {
  session.shrinking = true;
  try {
    return await new Shrinker(session, finding, options, most).run();
  } finally {
    session.shrinking = false;
  }
}

class Shrinker {
  private runs = 0;
  private best: Finding;
  /** Other divergences on the way to it. A shorter run that has more of them would be a worse example. */
  private others = Number.POSITIVE_INFINITY;
  private aside: Finding | undefined;
  private readonly tried = new Set<string>();
  private readonly law: Law;

  constructor(
    private readonly session: Session,
    private readonly first: Finding,
    private readonly options: PlayOptions,
    private readonly most: number,
  ) {
    this.best = first;
    this.law = session.law;
  }

  async run(): Promise<Shrunk> {
    const { first } = this;
    const repeats = await this.fails(first.calls, first.machine);
    if (!repeats) return { finding: first, runs: this.runs, repeats };
    await this.chunks();
    for (let before = ''; before !== this.spelling(); ) {
      before = this.spelling();
      await this.singles();
      await this.machines();
      await this.renamed();
      await this.smaller();
    }
    const { best, aside } = this;
    const shorter = aside !== undefined && aside.calls.length < best.calls.length;
    return { finding: best, runs: this.runs, repeats, ...(shorter ? { aside } : {}) };
  }

  private spelling(): string {
    return canonical([this.best.calls, this.best.machine]);
  }

  /** Does it still leave the law in this way? Then it is the best so far, cut at the place where it does. */
  private async fails(calls: readonly CallOf[], machine: unknown): Promise<boolean> {
    if (this.runs >= this.most) return false;
    const spelling = canonical([calls, machine]);
    if (this.tried.has(spelling)) return false;
    this.tried.add(spelling);
    this.runs++;
    const { policies, key } = this.first;
    const played = await play(this.session, scriptOf('shrinking', machine, policies, calls), {
      ...this.options,
      goOn: f => f.key !== key,
    });
    const others = played.findings.findIndex(f => f.key === key);
    const [other] = played.findings;
    const least = this.aside?.calls.length ?? Number.POSITIVE_INFINITY;
    if (others !== 0 && other !== undefined && other.calls.length < least) this.aside = other;
    if (others < 0 || others > this.others) return false;
    this.best = played.findings[others]!;
    this.others = others;
    return true;
  }

  /** Leaves out halves, quarters and so on, as long as that helps. */
  private async chunks(): Promise<void> {
    for (let size = this.best.calls.length >> 1; size > 1; size >>= 1) {
      for (let at = this.best.calls.length - size - 1; at >= 0; at -= size) {
        const { calls, machine } = this.best;
        if (at + size <= calls.length)
          await this.fails([...calls.slice(0, at), ...calls.slice(at + size)], machine);
      }
    }
  }

  /** Leaves out single calls and pairs, from behind: an open and its close hold on to each other. */
  private async singles(): Promise<void> {
    for (let i = this.best.calls.length - 1; i >= 0; i--) await this.without(i, i);
    if (this.best.calls.length > MOST_PAIRED) return;
    for (let i = this.best.calls.length - 1; i > 0; i--) {
      for (let j = i - 1; j >= 0; j--) {
        if (await this.without(i, j)) {
          i = Math.min(i, this.best.calls.length);
          break;
        }
      }
    }
  }

  private without(i: number, j: number): Promise<boolean> {
    const { calls, machine } = this.best;
    if (i >= calls.length) return Promise.resolve(false);
    return this.fails(
      calls.filter((_, at) => at !== i && at !== j),
      machine,
    );
  }

  /** Smaller arguments, one at a time; a call without its fault. */
  private async smaller(): Promise<void> {
    for (let i = 0; i < this.best.calls.length; i++) {
      if (this.best.calls[i]!.fault !== undefined) await this.instead(i, { op: this.best.calls[i]!.op });
      for (const key of Object.keys(this.best.calls[i]!.op)) {
        for (const value of smallerThan((this.best.calls[i]!.op as unknown as Fields)[key])) {
          const call = this.best.calls[i];
          if (call === undefined) return;
          if (await this.instead(i, { ...call, op: { ...call.op, [key]: value } as AnyOp })) break;
        }
        if (this.best.calls[i] === undefined) return;
      }
    }
  }

  /** One number for another wherever it stands: names that the calls chose, and positions. */
  private async renamed(): Promise<void> {
    const numbers = (): readonly number[] => {
      const all = this.best.calls.flatMap(c => Object.values(c.op)).filter(v => typeof v === 'number');
      return [...new Set(all)].sort((a, b) => a - b);
    };
    for (const from of numbers()) {
      for (let to = 0; to < from; to++) {
        if (numbers().includes(to)) continue;
        const calls = this.best.calls.map(c => ({ ...c, op: replaced(c.op, from, to) }));
        const { machine } = this.best;
        if (calls.every(c => this.fits(machine, c.op)) && (await this.fails(calls, machine))) break;
        if (to >= 2) break;
      }
    }
  }

  private fits(machine: unknown, op: AnyOp): boolean {
    const { vocabulary } = this.law;
    return (
      vocabulary.op.decode(vocabulary.op.encode(op))._tag === 'Right' &&
      vocabulary.opFits?.(machine, op) === undefined
    );
  }

  private async instead(i: number, call: CallOf): Promise<boolean> {
    const { calls, machine } = this.best;
    if (!this.fits(machine, call.op)) return false;
    return this.fails(
      calls.map((c, at) => (at === i ? call : c)),
      machine,
    );
  }

  /** Where the machine is built to order: without the last of each of its lists, as long as it is one. */
  private async machines(): Promise<void> {
    if (this.session.intro.hello.machine !== ANY) return;
    for (const key of Object.keys(this.best.machine as Fields)) {
      for (;;) {
        const machine = this.best.machine as Fields;
        const list = machine[key];
        if (!Array.isArray(list) || list.length === 0) break;
        const less = { ...machine, [key]: list.slice(0, -1) };
        if (this.law.vocabulary.machineFits?.(less) !== undefined) break;
        if (this.best.calls.some(c => this.law.vocabulary.opFits?.(less, c.op) !== undefined)) break;
        if (!(await this.fails(this.best.calls, less))) break;
      }
    }
  }
}

const replaced = (op: AnyOp, from: number, to: number): AnyOp =>
  Object.fromEntries(Object.entries(op).map(([key, v]) => [key, v === from ? to : v])) as unknown as AnyOp;

interface Fields {
  readonly [key: string]: unknown;
}

/** What is tried in the place of a value, the smallest first; words that stand for a wrong argument go away. */
function smallerThan(value: unknown): readonly unknown[] {
  if (typeof value === 'bigint') {
    const page = value & ~(PAGE - 1n);
    return [...new Set([0n, PAGE, page, value >> 1n])].filter(v => v < value);
  }
  if (typeof value === 'number') return [...new Set([0, 1, value >> 1])].filter(v => v >= 0 && v < value);
  if (value === 'short' || value === 'unreadable') return [undefined];
  return [];
}
