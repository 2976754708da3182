// Do QEMU's IOMMUs keep to the law of hardware? All of the corpus that they can be, and random walks.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAWS, readTrace } from '../../../conformance/index.js';
import { type Campaign, campaign, type Section } from '../../../conformance/targets/campaign.js';
import { Expected, readExpectations } from '../../../conformance/targets/expectations.js';
import { TARGET_LIMITS } from '../../../conformance/targets/limits.js';
import type { Dial } from '../../../conformance/targets/link.js';
import type { Script } from '../../../conformance/targets/play.js';
import type { EntryTally } from '../../../conformance/targets/qtest/entries.js';
import type { Seen } from '../../../conformance/targets/qtest/seen.js';
import type { Responder } from '../../../conformance/targets/responder.js';
import { Session } from '../../../conformance/targets/session.js';
import { scriptOf } from '../../../conformance/targets/shrink.js';
import { walkScript } from '../../../conformance/targets/walks.js';
import { lawNamed } from '../../../conformance/trace/laws.js';
import { Dice } from '../../../spec/calls/digits.js';
import { hardwareCalls } from '../../../spec/calls/hardware.js';
import { cycleCalls, tablesForCycles } from '../../../spec/calls/hardware-cycles.js';
import { type AnyOp, defaultPolicies, type Policies } from '../../../spec/index.js';
import type { Machine } from '../../../spec/protocol/hardware.js';
import { EXIT, type ExitCode, Usage, worst } from '../../exit.js';
import { bundled, bytesOf, CORPUS } from '../../input.js';
import { count, type Out, outTo, paint, ticker } from '../../terminal.js';
import { machinesReported } from '../machines-reported.js';
import { type Found, findQemus } from '../qemu/find.js';
import { introduction, sayCampaign } from '../report.js';
import { isIn, type Judged, LANES, MODELS } from './kinds.js';
import { type ModelTarget, modelTarget, PROFILE } from './target.js';

export interface ModelOptions {
  readonly seed: number;
  readonly machines: number;
  readonly ops: number;
  readonly qemu?: string;
  readonly rules?: boolean;
  /** Sections whose names begin so. */
  readonly only?: string;
}

const DEADLINE = 20_000;

/** Several lanes, and then what is to be known of all of them. */
export async function modelLanes(lanes: readonly string[], options: ModelOptions): Promise<ExitCode> {
  const unknown = lanes.find(lane => !LANES.includes(lane));
  if (unknown !== undefined) throw new Usage(`unknown model ${unknown}; known: ${LANES.join(', ')}`);
  const out = outTo(false);
  const codes: ExitCode[] = [];
  const lines: string[] = [];
  for (const lane of lanes) codes.push(await modelLane(lane, options, out, lines));
  out.say();
  for (const line of lines) out.say(line);
  return worst(codes);
}

async function modelLane(lane: string, options: ModelOptions, out: Out, lines: string[]): Promise<ExitCode> {
  const codes: ExitCode[] = [];
  for (const [name, judged] of Object.entries(MODELS)) {
    if (judged.lane !== lane) continue;
    for (const qemu of await findQemus(judged.program, out.say, options.qemu)) {
      if (!isIn(judged, qemu.version)) {
        lines.push(`${name}, QEMU ${qemu.version}: it came with ${judged.since}`);
        continue;
      }
      const target = modelTarget(judged, qemu);
      try {
        const result = await taken(name, judged, qemu, target, options, out);
        lines.push(...summary(name, qemu.version, result, target, judged));
        codes.push(result.result === 'conforms' ? EXIT.conforms : EXIT.diverges);
        const entries = await target.entries();
        if (entries === undefined) continue;
        lines.push(...entryLines(entries));
        if (entries.wrong.length > 0) codes.push(EXIT.diverges);
      } finally {
        await target.end();
      }
    }
  }
  return worst(codes);
}

async function taken(
  name: string,
  judged: Judged,
  qemu: Found,
  target: ModelTarget,
  options: ModelOptions,
  out: Out,
): Promise<Campaign> {
  const limits = { ...TARGET_LIMITS, call: DEADLINE, hello: DEADLINE, reset: DEADLINE, total: 3_600_000 };
  const clock = () => performance.now();
  const session = await Session.open(inside(target.responder), LAWS, limits, clock, PROFILE);
  try {
    for (const line of introduction(session)) out.say(line);
    const all = [await corpus(judged), ...cycles(judged, options), walks(judged, options)];
    const sections = all.filter(section => section.name.startsWith(options.only ?? ''));
    const bar = ticker(session.intro.hello.name);
    const result = await campaign(session, sections, {
      limits,
      clock,
      expected: new Expected(expectedOf(name), today()),
      progress: (section, runs, calls) => bar.show(`${section}: ${count(runs)} runs, ${count(calls)} calls`),
    });
    bar.done();
    const again = `exec:npx iommu-spec target ${name} --qemu ${qemu.version}`;
    sayCampaign(session, result, machinesReported(options, DEADLINE, again), out);
    return result;
  } finally {
    await session.close();
  }
}

/** The responder in this process, so that what it saw besides can be told. */
const inside =
  (responder: Responder): Dial =>
  async () => {
    let answer: Promise<string | undefined> = Promise.resolve(undefined);
    return {
      waiting: false,
      said: [],
      send: line => {
        answer = responder.answer(line);
      },
      receive: async () => {
        const text = await answer;
        return text === undefined ? { is: 'silence' } : { is: 'line', text };
      },
      fresh: () => {},
      close: async () => {},
    };
  };

/** A mode of a model may have a file of its own; without any nothing is expected. */
function expectedOf(name: string) {
  const [folder] = name.split('-');
  const file = new URL(
    `../../../../conformance/targets/${folder}/${name === folder ? 'expected' : `expected-${name.slice(folder!.length + 1)}`}.json`,
    import.meta.url,
  );
  return existsSync(file) ? readExpectations(readFileSync(fileURLToPath(file), 'utf8')) : [];
}

const today = (): string => new Date().toISOString().slice(0, 10);

const policiesOf = ({ policies }: Judged): Policies => ({
  ...defaultPolicies<Policies>(lawNamed(LAWS, PROFILE).profile),
  ...policies,
});

/** The traces whose machine the model can be, accepted and refused: their calls are made, and judged anew. */
async function corpus(judged: Judged): Promise<Section> {
  const scripts: Script[] = [];
  for (const named of bundled().traces) {
    if (!('lines' in named)) continue;
    const trace = await readTrace(bytesOf(join(CORPUS, named.name)));
    const ops: AnyOp[] = [];
    if (trace.profile.name === PROFILE && judged.misfit(trace.machine as Machine) === undefined)
      for await (const event of trace.events()) ops.push(event.op as AnyOp);
    if (ops.length > 0)
      scripts.push(
        scriptOf(
          named.name,
          trace.machine,
          policiesOf(judged),
          ops.map(op => ({ op })),
        ),
      );
    await trace.close();
  }
  return { name: 'corpus', open: false, scripts: () => scripts };
}

/** Reach, change, flush, reach again: half as many runs as there are walks. Machines with a driver have no such calls. */
function cycles(judged: Judged, options: ModelOptions): readonly Section[] {
  const all = Object.entries(judged.machines).filter(
    ([, m]) => m.spaces.length === 0 && m.tables.length >= tablesForCycles(m),
  );
  if (all.length === 0) return [];
  return (['whole', 'part'] as const).map(kind => ({
    name: `cycles, ${kind}`,
    open: true,
    *scripts() {
      for (let number = 0; number < Math.ceil(options.machines / 4); number++) {
        const [named, machine] = all[number % all.length]!;
        const dice = new Dice(options.seed * 10_007 + number);
        const ops = cycleCalls(dice, machine, kind, options.ops);
        yield scriptOf(
          `${named}: cycles ${number}, ${kind}`,
          machine,
          policiesOf(judged),
          ops.map(op => ({ op: op as AnyOp })),
        );
      }
    },
  }));
}

function walks(judged: Judged, options: ModelOptions): Section {
  const all = Object.entries(judged.machines);
  return {
    name: 'walks',
    open: true,
    *scripts() {
      for (let number = 0; number < options.machines; number++) {
        const [named, machine] = all[number % all.length]!;
        const script = walkScript({
          profile: lawNamed(LAWS, PROFILE).profile,
          calls: { machines: {}, next: hardwareCalls.next as never },
          machine,
          named,
          policies: policiesOf(judged),
          seed: options.seed,
          number,
          ops: options.ops,
          faults: new Set(),
        });
        yield { ...script, name: `${named}: ${script.name}` };
      }
    },
  };
}

/** What was made and met, what was not as it is to be, and what became of the accesses. */
function summary(
  name: string,
  version: string,
  { sections, rules, findings, expectations, broken }: Campaign,
  { system: { boots, seen } }: ModelTarget,
  { otherwise, operations }: Judged,
): readonly string[] {
  const calls = sections.reduce((n, s) => n + s.calls, 0);
  const able = rules.filter(r => r.ops.some(op => (operations as readonly string[]).includes(op)));
  const met = able.filter(r => r.passed + r.failed > 0);
  const unexpected = findings.reduce((n, f) => n + f.times, broken.length);
  const excused = expectations.reduce((n, e) => n + e.times, 0);
  const colour = unexpected === 0 ? paint.green : paint.red;
  return [
    colour(
      [
        `${name}, QEMU ${version}: ${count(boots)} boots, ${count(calls)} operations`,
        `${count(seen.dmas)} DMAs`,
        `${met.length} of ${able.length} clauses of its operations met`,
        `divergences: ${count(excused)} expected, ${count(unexpected)} unexpected`,
      ].join(', '),
    ),
    `   ${faultLine(seen)}`,
    ...[...seen.otherwise].map(
      ([says, times]) =>
        `   ${says}: ${count(times)} times (${otherwise.find(o => o.says === says)!.source})`,
    ),
  ];
}

/** So many entries that were read otherwise are told one by one. */
const MOST_WRONG = 10;

function entryLines({ structure, vectors, right, known, wrong }: EntryTally): readonly string[] {
  const colour = wrong.length === 0 ? paint.green : paint.red;
  return [
    colour(
      `   entries of devices, ${structure}: ${count(right)} of ${count(vectors)} vectors as the table says`,
    ),
    ...[...known].map(([{ says, source }, times]) => `   ${says}: ${count(times)} times (${source})`),
    ...wrong.slice(0, MOST_WRONG).map(line => `   ${paint.red('otherwise:')} ${line}`),
    ...(wrong.length > MOST_WRONG ? [`   and ${count(wrong.length - MOST_WRONG)} more`] : []),
  ];
}

function faultLine({ recorded, silent, unobserved }: Seen): string {
  const codes = [...recorded]
    .sort(([a], [b]) => a - b)
    .map(([code, times]) => `0x${code.toString(16)} ${count(times)} times`);
  return [
    `faults recorded: ${codes.length === 0 ? 'none' : codes.join(', ')}`,
    `accesses that got nowhere without a record: ${count(silent)}`,
    `reads whose end nobody saw: ${count(unobserved)}`,
  ].join('; ');
}
