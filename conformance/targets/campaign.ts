// Does a target keep to the law, as far as a corpus, small worlds and random walks can tell?
import type { Policies } from '../../spec/law/clause.js';
import { defaultPolicies } from '../../spec/law/profile.js';
import { Coverage } from '../coverage/collect.js';
import { type Result, resultOf } from '../verdicts/result.js';
import type { RuleRow } from '../verdicts/rules.js';
import { RuleTally } from '../verdicts/tally.js';
import { Expected, type Met } from './expectations.js';
import type { Ending } from './introduce.js';
import type { TargetLimits } from './limits.js';
import type { Clock } from './link.js';
import { type Finding, type Played, type PlayOptions, play, type Script } from './play.js';
import { type Session, TargetLost } from './session.js';
import { type Shrunk, shrink } from './shrink.js';

/** One part of a campaign: its runs come one after the other, and may depend on what was learned before. */
export interface Section {
  readonly name: string;
  /** May something of it be left undone without anybody's doubt? Walks are never exhaustive anyway. */
  readonly open: boolean;
  scripts(): Iterable<Script>;
}

export interface CampaignOptions extends PlayOptions {
  readonly limits: TargetLimits;
  readonly clock: Clock;
  readonly expected?: Expected;
  /** Stop at the first finding that nobody expected. */
  readonly first?: boolean;
  /** Stop with so many different findings; default: 20. */
  readonly most?: number;
  /** Leave findings as long as they are. */
  readonly unshrunk?: boolean;
  /** Each run can be made once only: what the target said is in a file. */
  readonly once?: boolean;
  readonly progress?: (section: string, runs: number, calls: number) => void;
}

/** A kind of divergence, with the smallest run that shows it. */
export interface Reported extends Shrunk {
  readonly run: string;
  /** How many divergences were taken for the same. */
  readonly times: number;
  /** What the target said on its standard error last. */
  readonly said: readonly string[];
}

export interface SectionResult {
  readonly name: string;
  readonly runs: number;
  readonly calls: number;
  readonly accepted: number;
  /** Runs on machines that the target cannot be. */
  readonly cannot: number;
  /** All of its runs were made. */
  readonly complete: boolean;
}

export interface Campaign {
  readonly result: Result;
  /** Why it is inconclusive, or what else is to be known, a sentence each. */
  readonly notes: readonly string[];
  readonly sections: readonly SectionResult[];
  readonly findings: readonly Reported[];
  /** Runs that could not even begin, and how that ended. */
  readonly broken: readonly {
    readonly run: string;
    readonly ending: Ending;
    readonly said: readonly string[];
  }[];
  readonly expectations: readonly Met[];
  readonly rules: readonly RuleRow[];
  readonly tally: RuleTally;
  readonly coverage: Coverage;
}

/** Runs that do not begin, one after the other, until nothing more is tried. */
const MOST_BROKEN = 3;
/** How often a run is made once more, to see what is behind a finding in it. */
const MOST_AGAIN = 5;

/** Makes the runs of all sections. Throws what a session throws when there is no target any more to begin with. */
export async function campaign(
  session: Session,
  sections: readonly Section[],
  options: CampaignOptions,
): Promise<Campaign> {
  const campaigner = new Campaigner(session, options);
  await campaigner.run(sections);
  return campaigner.result();
}

class Campaigner {
  private readonly tally = new RuleTally();
  private readonly coverage: Coverage;
  private readonly known = new Map<string, { -readonly [K in keyof Reported]: Reported[K] }>();
  private readonly expected: Expected;
  private readonly notes: string[] = [];
  private readonly broken: { run: string; ending: Ending; said: readonly string[] }[] = [];
  private readonly results: SectionResult[] = [];
  /** Clauses with a divergence that was expected. */
  private readonly excused = new Set<string>();
  private readonly began: number;
  private stop = false;
  private doubt = false;

  constructor(
    private readonly session: Session,
    private readonly options: CampaignOptions,
  ) {
    this.coverage = new Coverage(session.law.profile.name);
    this.expected = options.expected ?? new Expected([], '');
    this.began = options.clock();
  }

  async run(sections: readonly Section[]): Promise<void> {
    for (const section of sections) {
      const row = { name: section.name, runs: 0, calls: 0, accepted: 0, cannot: 0, complete: false };
      this.results.push(row);
      if (this.stop) continue;
      try {
        await this.section(section, row);
      } catch (error) {
        if (!(error instanceof TargetLost)) throw error;
        this.notes.push(error.message);
        this.stop = true;
        this.doubt = true;
      }
      if (!row.complete && !section.open) this.doubt = true;
    }
  }

  private async section(
    section: Section,
    row: { -readonly [K in keyof SectionResult]: SectionResult[K] },
  ): Promise<void> {
    const { limits, clock, progress } = this.options;
    for (const script of section.scripts()) {
      if (clock() - this.began > limits.total) {
        this.notes.push(`the time was up in ${section.name}`);
        this.stop = true;
      }
      if (this.stop) return;
      const played = await this.script(script);
      row.runs++;
      row.calls += played.answered;
      row.accepted += played.accepted;
      if (played.is === 'cannot') row.cannot++;
      progress?.(section.name, row.runs, row.calls);
    }
    row.complete = !this.stop;
  }

  /** One run; where a finding in it was new, the run once more, to see what is behind it. */
  private async script(script: Script): Promise<Played> {
    const calls: Parameters<typeof replayed>[1] = [];
    let played = await this.once(recorded(script, calls));
    for (let again = 0; again < MOST_AGAIN && played.is === 'diverged' && !this.stop; again++) {
      if (this.options.once === true) break;
      const last = played.findings.at(-1);
      if (last === undefined || !script.ahead || calls.length === 0) break;
      const before = this.known.size;
      played = await this.once(replayed(script, calls));
      if (this.known.size === before) break;
    }
    return played;
  }

  private async once(script: Script): Promise<Played> {
    const played = await play(this.session, script, {
      ...this.options,
      goOn: f => this.isKnown(f, script.name),
    });
    this.tally.add(played.tally);
    this.coverage.add(played.coverage);
    for (const rule of this.expected.rules)
      if (played.tally.of(rule, 'passed') > 0) this.expected.passed(rule, script.name);
    if (played.is === 'unfinished') {
      this.doubt = true;
      this.notes.push(`${script.name}: ${played.says}`);
    }
    if (played.ending !== undefined) this.begins(script.name, played.ending);
    for (const finding of played.findings) {
      const { broken, observed } = finding.verdict;
      if (this.expected.explains(broken, script.name, observed)) this.excused.add(broken);
      else await this.found(finding, script.name);
    }
    return played;
  }

  private isKnown(finding: Finding, run: string): boolean {
    if (this.known.has(finding.key)) return true;
    return this.expected.would(finding.verdict.broken, run, finding.verdict.observed);
  }

  private begins(run: string, ending: Ending): void {
    this.broken.push({ run, ending, said: this.session.said });
    if (this.broken.length < MOST_BROKEN) return;
    this.notes.push(`${this.broken.length} runs did not even begin`);
    this.stop = true;
  }

  private async found(finding: Finding, run: string): Promise<void> {
    const known = this.known.get(finding.key);
    if (known !== undefined) {
      known.times++;
      return;
    }
    const { said } = this.session;
    const { unshrunk, limits, first, most = 20 } = this.options;
    const small = (f: Finding): Promise<Shrunk> => shrink(this.session, f, this.options, limits.shrinks);
    const shrunk = unshrunk || this.options.once ? { finding, runs: 0, repeats: true } : await small(finding);
    this.known.set(finding.key, { ...shrunk, run, times: 1, said });
    const { aside } = shrunk;
    if (aside !== undefined && !this.isKnown(aside, run)) {
      // One defect shows in several ways, and perhaps sooner in another one.
      const sooner = await small(aside);
      if (first === true) this.known.delete(finding.key);
      this.known.set(aside.key, { ...sooner, run, times: 1, said });
    }
    if (first === true) this.stop = true;
    if (this.known.size < most) return;
    this.notes.push(`stopped after ${most} different divergences`);
    this.stop = true;
  }

  result(): Campaign {
    const { session, tally, expected, excused } = this;
    const findings = [...this.known.values()];
    const policies = { ...defaultPolicies<Policies>(session.law.profile), ...claimed(session) };
    const { result, rules, nothing } = resultOf(session.law.profile, policies, tally, {
      found: findings.map(f => f.finding.verdict.broken),
      excused,
      missed: expected.missed.map(e => e.rule),
      broken: this.broken.length,
      doubt: this.doubt,
    });
    if (nothing) this.notes.push('nothing was tested');
    return {
      result,
      notes: this.notes,
      sections: this.results,
      findings,
      broken: this.broken,
      expectations: expected.met,
      rules,
      tally,
      coverage: this.coverage,
    };
  }
}

/** What the target says of the policies and the release that it was built with. */
export function claimed(session: Session): Policies {
  const { policies, release } = session.intro.hello;
  return {
    ...(policies === undefined || policies === 'any' ? {} : policies),
    ...(release === undefined || release === 'any' ? {} : { release }),
  };
}

/** The same script, with its calls noted. */
function recorded(script: Script, calls: NonNullable<ReturnType<Script['next']>>[]): Script {
  return {
    ...script,
    next: state => {
      const call = script.next(state);
      if (call !== undefined) calls.push(call);
      return call;
    },
  };
}

/** The calls that were noted, and then what the script has left. */
function replayed(script: Script, calls: NonNullable<ReturnType<Script['next']>>[]): Script {
  const before = [...calls];
  let at = 0;
  return {
    ...script,
    next: state => {
      if (at < before.length) return before[at++];
      const call = script.next(state);
      if (call !== undefined) calls.push(call);
      return call;
    },
  };
}
