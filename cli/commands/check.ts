// Does the law keep its promises in every reachable state of a world, under these policies?
import { availableParallelism } from 'node:os';
import { describeOp, describeOutcome, encodeTrace, type Story } from '../../conformance/index.js';
import { type Exploration, explore, type Step, type Violation } from '../../model/explore/explore.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { pinOf, type Unlike } from '../../model/pinned.js';
import { DEBATES, WORLDS, worldNamed } from '../../model/worlds.js';
import type { Part } from '../../picture/document.js';
import { type AnyOp, type Policies, PROFILES } from '../../spec/index.js';
import { explorationParts, recordViolation, storyOf, walkedPart } from '../counterexamples.js';
import { drawingsOf, drawStories } from '../drawn.js';
import { EXIT, type ExitCode, Usage, worst } from '../exit.js';
import { fingerprintOf } from '../fingerprint.js';
import { KeptLearning } from '../learned.js';
import { LongRun, type LongRunOptions } from '../long-run.js';
import { unknown } from '../meant.js';
import { MIB } from '../memory.js';
import { type Choices, numbered, parsePolicies } from '../options.js';
import { writePage } from '../pages.js';
import { heldToPin, pin } from '../pinning.js';
import { count, type Out, outTo, paint, table, wrapped } from '../terminal.js';
import { secondThread } from '../threads/second.js';
import { tryToWrite } from '../written.js';

export interface CheckOptions extends LongRunOptions, Choices {
  readonly traceOut?: string;
  readonly maxStates?: number;
  readonly first?: boolean;
  readonly aims?: boolean;
  readonly symmetry?: boolean;
  /** Writes what was found into the file of pins. */
  readonly pin?: boolean;
  /** 1 or 2. */
  readonly threads?: number;
  /** A page for a browser. */
  readonly html?: string;
  /** `format=file`, for other tools. */
  readonly draw?: readonly string[];
  /** A folder for what was learned of the rules. */
  readonly learned?: string;
  readonly json?: boolean;
}

export async function check(name: string | undefined, options: CheckOptions): Promise<ExitCode> {
  const out = outTo(options.json === true);
  if (name === undefined && options.policy.length === 0) return list(out);
  if (options.pin === true && (options.policy.length > 0 || options.release !== undefined))
    throw new Usage('--pin is of a world under its own policies');
  const worlds = chosen(name, options.policy);
  if (worlds.length > 1 && (options.checkpoint ?? options.resume) !== undefined)
    throw new Usage('a checkpoint is of one world: name it');
  const drawings = drawingsOf(options.draw);
  const results = worlds.map(world => one(world, options, out));
  const code = worst(results.map(r => r.code));
  if (options.html !== undefined) {
    const says = results.map(r => r.says).join(' · ');
    await writePage(
      options.html,
      code,
      says,
      results.flatMap(r => r.parts),
      out,
    );
  }
  await drawStories(
    results.flatMap(r => r.stories),
    drawings,
    out,
  );
  out.data({ command: 'check', worlds: results.map(r => r.data) });
  return code;
}

interface Result {
  readonly code: ExitCode;
  readonly data: object;
  /** What came of it, in one line, and what a page has of it. */
  readonly says: string;
  readonly parts: readonly Part[];
  readonly stories: readonly Story[];
}

const worldNames = (): readonly string[] => WORLDS.map(w => w.name);

/** The worlds that are asked for; without a name those that were made for the debated policies. */
function chosen(name: string | undefined, policies: readonly string[]): readonly AnyWorld[] {
  if (name === 'all') return WORLDS;
  if (name === 'large') return WORLDS.filter(w => w.large === true);
  if (name !== undefined) {
    const world = worldNamed(name);
    if (world === undefined) throw unknown('world', name, worldNames(), 'iommu-spec check');
    return [world];
  }
  const asked = policies.map(p => p.split('=')[0]!);
  const known = Object.values(PROFILES).flatMap(p => p.policies.map(policy => policy.name));
  const nobodys = asked.find(name => !known.includes(name));
  if (nobodys !== undefined) throw unknown('policy', nobodys, known, 'iommu-spec policies');
  const names = asked.flatMap(name => DEBATES[name] ?? []);
  if (names.length === 0) throw new Usage(`no world was made for ${asked.join(', ')}: name one`);
  return [...new Set(names)].map(n => worldNamed(n)!);
}

const counted = (n: number | undefined): string => (n === undefined ? 'not pinned' : count(n));

function list(out: Out): ExitCode {
  const rows = WORLDS.map(w => [
    w.name,
    w.profile.name,
    counted(pinOf(w)?.states),
    counted(pinOf(w)?.transitions),
    w.says,
  ]);
  out.say(table(['world', 'profile', 'states', 'transitions', 'what it is for'], rows));
  out.say();
  out.say('iommu-spec check WORLD explores one to its end, iommu-spec check all every one.');
  out.data({
    command: 'check',
    worlds: WORLDS.map(w => ({
      world: w.name,
      profile: w.profile.name,
      says: w.says,
      ...pinOf(w),
    })),
  });
  return EXIT.conforms;
}

function one(world: AnyWorld, options: CheckOptions, out: Out): Result {
  const policies = parsePolicies(world.profile, options);
  const symmetry = options.symmetry === true && world.symmetry !== undefined;
  const asked = { aims: options.aims === true, first: options.first === true, symmetry };
  const of = fingerprintOf(world, policies, asked);
  const long = new LongRun(options, of, expectedOf(world, options, symmetry));
  const learning = options.learned === undefined ? undefined : new KeptLearning(options.learned, of);
  const began = performance.now();
  const result: Exploration<AnyOp> = explore(world, policies, {
    all: !asked.first,
    aims: asked.aims,
    symmetry: asked.symmetry,
    ...(options.maxStates === undefined ? {} : { maxStates: options.maxStates }),
    ...long.options,
    ...learning?.options,
    ...(threadsOf(options) > 1 && { second: secondThread }),
  });
  const folder = long.end(result.unfinished !== undefined);
  if (options.symmetry === true && world.symmetry === undefined)
    out.say(paint.dim(`${world.name} declares no symmetry: explored in full`));
  const seconds = (performance.now() - began) / 1000;
  say(world, policies, result, seconds, out);
  if (result.disk !== undefined) out.say(`  ${paint.dim(onDisk(result.disk))}`);
  if (result.unfinished !== undefined) sayUnfinished(result, long, out);
  if (folder !== undefined) out.say(`  go on with --resume ${folder}`);
  for (const remark of learning?.remarks ?? []) out.say(paint.dim(`  ${remark}`));
  const unwritten = [long.unwritten, learning?.unwritten].filter(why => why !== undefined);
  for (const [i, v] of result.violations.entries())
    unwritten.push(...sayViolation(world, policies, v, i, options, out));
  for (const why of unwritten) out.say(`  ${paint.red(why)}`);
  const { rules: _, seen, violations, bytes: __, ...figures } = result;
  const stories = violations.map(v => storyOf(world, policies, v));
  const data = {
    world: world.name,
    profile: world.profile.name,
    policies: { ...world.policies, ...policies },
    ...figures,
    ...(long.resumed !== undefined && { resumed: long.resumed }),
    seconds: Number(seconds.toFixed(3)),
    violations: violations.map((v, i) => ({ ...v, story: stories[i]! })),
    seen: [...seen],
    ...(unwritten.length > 0 && { unwritten }),
  };
  const unlike = pinning(world, options, result, out);
  return {
    code: worst([
      codeOf(result),
      ...(unlike.length > 0 ? [EXIT.diverges] : []),
      ...(unwritten.length > 0 ? [EXIT.unwritable] : []),
    ]),
    data: unlike.length > 0 ? { ...data, unlike } : data,
    says: verdictOn(world, policies, result),
    parts: [
      ...explorationParts(world, result, stories),
      ...(options.html === undefined ? [] : walkedPart(world, policies, result)),
    ],
    stories,
  };
}

/** A second thread takes memory of its own. */
const THRIFTY = 1024;

const threadsOf = ({ threads, memory }: CheckOptions): number =>
  threads ?? (memory !== undefined && memory < THRIFTY ? 1 : availableParallelism());

function onDisk({ bytes, written, read, runs, merges }: NonNullable<Exploration<AnyOp>['disk']>): string {
  const mebi = (n: number): string => `${count(Math.round(n / MIB))} MiB`;
  const peak = `${count(Math.round(process.resourceUsage().maxRSS / 1024))} MiB of memory at most`;
  return `on disk: ${mebi(bytes)} at most, ${mebi(written)} written, ${mebi(read)} read, ${count(runs)} runs, ${count(merges)} merges; ${peak}`;
}

/** The pinned number of states, where the run is to find it again. */
function expectedOf(world: AnyWorld, options: CheckOptions, symmetry: boolean): number | undefined {
  if (options.policy.length > 0 || options.release !== undefined) return undefined;
  const pinned = pinOf(world);
  return symmetry ? pinned?.canonical : pinned?.states;
}

/** Holds the run against the pin of its world, or writes it down; under other policies there is no pin. */
function pinning(
  world: AnyWorld,
  options: CheckOptions,
  result: Exploration<AnyOp>,
  out: Out,
): readonly Unlike[] {
  if (options.policy.length > 0 || options.release !== undefined) return [];
  if (options.pin !== true) return heldToPin(world, result, out);
  pin(world, result, out);
  return [];
}

function codeOf(result: Exploration<AnyOp>): ExitCode {
  if (result.violations.length > 0) return EXIT.diverges;
  return result.complete ? EXIT.conforms : EXIT.inconclusive;
}

function say(world: AnyWorld, policies: Policies, r: Exploration<AnyOp>, seconds: number, out: Out): void {
  const under = Object.entries(policies).map(([name, value]) => ` under ${name}=${value}`);
  const figures = `${count(r.transitions)} transitions, depth ${r.depth}, ${seconds.toFixed(1)} s`;
  const states = r.symmetry === undefined ? 'states' : 'states up to symmetry';
  const where = `${paint.bold(world.name)}${under.join(',')}`;
  if (r.violations.length > 0) {
    const extent = r.complete
      ? `all ${count(r.states)} ${states}`
      : `${count(r.states)} ${states}, then stopped`;
    out.say(wrapped(`${where}: ${paint.red(broken(world, r))} (${extent}; ${figures})`, 0));
  } else if (r.complete) {
    out.say(wrapped(`${where}: ${paint.green(`holds in all ${count(r.states)} ${states}`)} (${figures})`, 0));
  } else {
    const first = `nothing broken in the first ${count(r.states)} ${states}`;
    out.say(wrapped(`${where}: ${paint.yellow('unfinished')}, ${first} (${figures})`, 0));
  }
}

/** Without colours, for the head of a page. */
function verdictOn(world: AnyWorld, policies: Policies, r: Exploration<AnyOp>): string {
  const under = Object.entries(policies).map(([name, value]) => ` under ${name}=${value}`);
  const where = `${world.name}${under.join(',')}`;
  const states = `${count(r.states)} ${r.symmetry === undefined ? 'states' : 'states up to symmetry'}`;
  if (r.violations.length > 0) return `${where}: ${broken(world, r)}`;
  return r.complete
    ? `${where}: holds in all ${states}`
    : `${where}: unfinished, nothing broken in the first ${states}`;
}

/** Promises and aims are counted apart: only promises are the law's own. */
function broken(world: AnyWorld, { violations }: Exploration<AnyOp>): string {
  const { always, steps, lives } = world.profile.aims;
  const aims = new Set([...always, ...steps, ...lives].map(aim => aim.id));
  const missed = violations.filter(v => aims.has(v.property)).length;
  const promises = violations.length - missed;
  if (missed === 0) return `breaks ${promises} of its promises`;
  const met = missed === 1 ? 'misses 1 aim' : `misses ${missed} aims`;
  return promises === 0 ? `keeps its promises, ${met}` : `breaks ${promises} of its promises, ${met}`;
}

function sayUnfinished(r: Exploration<AnyOp>, long: LongRun, out: Out): void {
  const left = `${count(r.frontier)} known states are not expanded`;
  const why =
    r.unfinished === 'memory'
      ? `the next growth would go beyond ${count(Math.round(long.limit / MIB))} MiB (--memory)`
      : 'the limit of states is reached (--max-states)';
  out.say(wrapped(`  ${left}: ${why}`, 2));
}

/** Tells one broken promise, and writes its recording; gives why that could not be written. */
function sayViolation(
  world: AnyWorld,
  policies: Policies,
  v: Violation<AnyOp>,
  index: number,
  options: CheckOptions,
  out: Out,
): readonly string[] {
  out.say();
  out.say(wrapped(`  ${paint.red(v.property)}: ${v.says}`, 2));
  const tell = (step: Step<AnyOp>, i: number): void => {
    const { name, fields } = describeOp(step.op, world.setup);
    const head = `    ${String(i + 1).padStart(2)}  ${name.padEnd(12)} ${fields}`;
    out.say(wrapped(`${head}  ->  ${describeOutcome(step.outcome)}  ${paint.dim(step.rule)}`, 8));
  };
  const cycle = v.cycle ?? [];
  const { length } = v.trace;
  v.trace.forEach(tell);
  if (cycle.length > 0) out.say('        and from here round and round:');
  cycle.forEach((step, i) => {
    tell(step, length + i);
  });
  out.say(wrapped(`        ${v.why}`, 8));
  if (options.traceOut === undefined) return [];
  const file = numbered(options.traceOut, index);
  const { header, events } = recordViolation(world, policies, v);
  const failed = tryToWrite(file, encodeTrace(header, events));
  if (failed !== undefined) return [failed];
  out.say(wrapped(`        written to ${file}; again: npx iommu-spec show ${file}`, 8));
  return [];
}
