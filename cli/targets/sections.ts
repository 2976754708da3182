// Which runs are made on a target: of the corpus, of the small worlds, at random?
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Judge, readTrace, type Trace } from '../../conformance/index.js';
import type { Section } from '../../conformance/targets/campaign.js';
import type { Script } from '../../conformance/targets/play.js';
import type { CallOf, Session } from '../../conformance/targets/session.js';
import { scriptOf } from '../../conformance/targets/shrink.js';
import { type SmallWorld, Tour } from '../../conformance/targets/tour.js';
import { callsOfWorld, walkScript } from '../../conformance/targets/walks.js';
import { pinOf } from '../../model/pinned.js';
import { machineOf } from '../../model/record.js';
import { WORLDS } from '../../model/worlds.js';
import { CALLS } from '../../spec/calls/index.js';
import { type AnyOp, canonical, defaultPolicies, type Policies, RELEASE } from '../../spec/index.js';
import type { Event } from '../../spec/protocol/index.js';
import { ANY } from '../../spec/protocol/target.js';
import { Usage } from '../exit.js';
import { bytesOf, CORPUS, openTrace } from '../input.js';
import { parsePolicies } from '../options.js';
import { isIn, type Shard } from './shard.js';

export interface Wanted {
  readonly policy: readonly string[];
  readonly release?: string;
  readonly seed: number;
  readonly runs: number;
  readonly ops: number;
  /** Worlds with more transitions are not gone through. */
  readonly upTo: number;
  /** Transitions that are made in each of those; 0: none. */
  readonly part: number;
  /** Which part of the runs is made; left out: all. */
  readonly shard?: Shard;
}

/** Which runs fit a target: those on its machine, under its policies. */
export class Fitting {
  /** What is fixed: by the target, or by whoever asks. */
  readonly fixed: Policies;
  readonly faults: ReadonlySet<string>;
  private readonly shard: Shard | undefined;

  constructor(
    readonly session: Session,
    wanted: Pick<Wanted, 'policy' | 'release' | 'shard'>,
  ) {
    this.shard = wanted.shard;
    const { hello, law } = session.intro;
    const asked = parsePolicies(law.profile, { policy: wanted.policy });
    const claimed = {
      ...defaultPolicies<Policies>(law.profile),
      ...(hello.policies === undefined || hello.policies === ANY ? {} : hello.policies),
    };
    const { [RELEASE]: newest, ...policies } = claimed;
    const release = releaseOf(session, wanted.release) ?? (hello.release === ANY ? undefined : newest);
    const dated: Policies = release === undefined ? {} : { [RELEASE]: release };
    if (hello.policies === ANY) this.fixed = { ...asked, ...dated };
    else {
      for (const [name, value] of Object.entries(asked))
        if (policies[name] !== value) throw new Usage(`the target was built with ${name}=${policies[name]}`);
      this.fixed = { ...policies, ...dated };
    }
    this.faults = new Set(hello.faults ?? []);
  }

  /** One value for every policy: what is fixed, else what is given, else the default. */
  policies(given: Policies = {}): Policies {
    return { ...defaultPolicies<Policies>(this.session.law.profile), ...given, ...this.fixed };
  }

  allows(policies: Policies): boolean {
    return Object.entries(this.fixed).every(([name, value]) => policies[name] === value);
  }

  /** Is the run, world or walk with this number made here? */
  isHere(number: number): boolean {
    return isIn(this.shard, number);
  }

  machine(machine: unknown): boolean {
    const own = this.session.intro.machine;
    return own === ANY || canonical(own) === canonical(machine);
  }
}

function releaseOf(session: Session, asked: string | undefined): string | undefined {
  const { hello, law } = session.intro;
  if (asked !== undefined && !law.profile.releases?.some(r => r.name === asked))
    throw new Usage(`profile ${law.profile.name} does not know the release ${asked}`);
  if (hello.release === undefined || hello.release === ANY) return asked;
  if (asked !== undefined && asked !== hello.release)
    throw new Usage(`the target says that it is of ${hello.release}`);
  return hello.release;
}

/** The bundled traces of the profile whose machine the target is, or can be. */
export async function corpusSection(fitting: Fitting): Promise<Section> {
  const scripts: (() => Script)[] = [];
  const { name } = fitting.session.law.profile;
  const files = ['accept', 'refuse'].flatMap(folder =>
    readdirSync(join(CORPUS, folder))
      .sort()
      .map(file => `${folder}/${file}`),
  );
  for (const file of files) {
    const trace = await readTrace(bytesOf(join(CORPUS, file)));
    const fits =
      trace.profile.name === name && fitting.machine(trace.machine) && fitting.allows(trace.policies);
    if (fits) scripts.push(...variants(file, trace, await callsOfTrace(trace, fitting)));
    await trace.close();
  }
  return { name: 'corpus', open: false, scripts: () => made(scripts, fitting) };
}

/** The calls of recordings that somebody names: those that do not fit are a mistake. */
export async function filesSection(fitting: Fitting, files: readonly string[]): Promise<Section> {
  const scripts: (() => Script)[] = [];
  for (const file of files) {
    const trace = await openTrace(file);
    const own = fitting.session.law.profile.name;
    if (trace.profile.name !== own)
      throw new Usage(`${file} is of ${trace.profile.name}, the target of ${own}`);
    if (!fitting.machine(trace.machine)) throw new Usage(`${file} is of another machine than the target`);
    if (!fitting.allows(trace.policies))
      throw new Usage(`${file} is of other policies or another release than the target`);
    scripts.push(...variants(file, trace, await callsOfTrace(trace, fitting)));
    await trace.close();
  }
  return { name: 'recordings', open: false, scripts: () => made(scripts, fitting) };
}

/** A script is gone through once: whoever asks again gets new ones. */
const made = (scripts: readonly (() => Script)[], fitting: Fitting): readonly Script[] =>
  scripts.filter((_, i) => fitting.isHere(i)).map(make => make());

/** The calls of a trace, up to the event at which it is refused; its permitted failures are asked for again. */
async function callsOfTrace(trace: Trace, fitting: Fitting): Promise<readonly CallOf[]> {
  const calls: CallOf[] = [];
  const judge = new Judge(trace.profile, trace.machine, trace.policies);
  for await (const event of trace.events() as AsyncIterable<Event<AnyOp>>) {
    if (trace.header.refused !== undefined && event.n > trace.header.refused.event) break;
    if (event.setup === true) continue;
    const verdict = judge.feed(event);
    const rule = verdict === undefined ? judge.spoke.find(id => fitting.faults.has(id)) : undefined;
    calls.push(rule === undefined ? { op: event.op } : { op: event.op, fault: { rule, at: 0 } });
  }
  return calls;
}

/** A call that is made to fail may fail at several places: so many of them are asked for. */
const PLACES = 3;

/** The run once; and where something in it fails, once for each of the next places at which it can fail so. */
function variants(name: string, trace: Trace, calls: readonly CallOf[]): readonly (() => Script)[] {
  const { machine, policies } = trace;
  const many = calls.some(c => c.fault !== undefined) ? PLACES : 1;
  return Array.from({ length: many }, (_, at) => {
    const there = calls.map(c => (c.fault === undefined ? c : { ...c, fault: { ...c.fault, at } }));
    return () => scriptOf(name, machine, policies, there);
  });
}

const WORLD_WALKS = 4;

/** Every transition of the small worlds that the target can be; `part`: instead of that so many of each of the others. */
export function worldsSection(fitting: Fitting, upTo: number, part = 0, seed = 1): Section {
  const large = part > 0;
  const { profile } = fitting.session.law;
  const worlds = WORLDS.filter(
    w =>
      w.profile.name === profile.name &&
      (pinOf(w)?.transitions ?? Number.POSITIVE_INFINITY) <= upTo !== large &&
      fitting.machine(machineOf(w.setup)) &&
      fitting.allows({
        ...defaultPolicies<Policies>(profile),
        ...w.policies,
        ...pickFree(fitting, w.policies),
      }),
  );
  return {
    name: large ? 'parts' : 'worlds',
    open: large,
    *scripts() {
      for (const [place, world] of worlds.entries()) {
        if (!fitting.isHere(place)) continue;
        const { name, setup, ops, offers } = world;
        const machine = machineOf(setup);
        const policies = fitting.policies(world.policies);
        const start = profile.initial(setup, policies, true);
        const plain = { name, machine, policies, ops, start };
        const small: SmallWorld = offers === undefined ? plain : { ...plain, offers };
        const tour = new Tour(profile, small, fitting.faults);
        // A target that ends a run before its time is not asked for ever.
        for (let made = -1; !tour.done && tour.made !== made && !(large && tour.made >= part); ) {
          made = tour.made;
          yield tour.script(large ? part - made : undefined);
        }
        if (large) yield* walksIn(fitting, small, part, seed);
      }
    },
  };
}

/** Random walks in a world, each of so many calls: they come to where a part of its transitions does not. */
function* walksIn(fitting: Fitting, world: SmallWorld, ops: number, seed: number): Iterable<Script> {
  const { profile } = fitting.session.law;
  const { operations } = fitting.session.intro.hello;
  const { faults } = fitting;
  const named = `the world ${world.name}`;
  for (let number = 0; number < WORLD_WALKS; number++) {
    const calls = callsOfWorld(profile, world);
    const plan = { ...world, profile, calls, named, seed, number, ops, faults, failing: 2 };
    yield walkScript({ ...plan, ...(operations === undefined ? {} : { operations }) });
  }
}

/** Where the world has no answer of its own, the one that is fixed is as good as the default. */
function pickFree(fitting: Fitting, own: Policies = {}): Policies {
  return Object.fromEntries(Object.entries(fitting.fixed).filter(([name]) => own[name] === undefined));
}

/** Random walks on the target's machine, or on several where it is built to order. */
export function walksSection(fitting: Fitting, wanted: Wanted): Section | undefined {
  const { intro, law } = fitting.session;
  const { profile } = law;
  const { operations } = intro.hello;
  const calls = CALLS[profile.name];
  if (calls === undefined) return undefined;
  const machines: readonly (readonly [string, unknown])[] =
    intro.machine === ANY
      ? Object.entries(calls.machines)
      : [[`the machine of ${intro.hello.name}`, intro.machine]];
  const free =
    intro.hello.policies === ANY ? profile.policies.filter(p => fitting.fixed[p.name] === undefined) : [];
  const releases = fitting.fixed[RELEASE] === undefined ? (profile.releases ?? []) : [];
  return {
    name: 'walks',
    open: true,
    *scripts() {
      for (let number = 0; number < wanted.runs; number++) {
        if (!fitting.isHere(number)) continue;
        const [named, machine] = machines[number % machines.length]!;
        // Every other walk is under another answer to one of the debated questions, where those are open.
        const turn = Math.floor(number / 2);
        const policy = number % 2 === 0 ? undefined : free[turn % Math.max(1, free.length)];
        const value =
          policy?.values[1 + (Math.floor(turn / free.length) % Math.max(1, policy.values.length - 1))];
        const release = releases[Math.floor(number / machines.length) % Math.max(1, releases.length)];
        const policies = fitting.policies({
          ...(policy === undefined || value === undefined ? {} : { [policy.name]: value.value }),
          ...(release === undefined ? {} : { [RELEASE]: release.name }),
        });
        const { seed, ops } = wanted;
        const { faults } = fitting;
        const plan = { profile, calls, machine, named, policies, seed, number, ops, faults };
        yield walkScript({ ...plan, ...(operations === undefined ? {} : { operations }) });
      }
    },
  };
}
