// How is the result of one shard kept, and how do several become the result of one run?
import * as t from 'io-ts';
import { resultOf } from '../../conformance/verdicts/result.js';
import { countVerdicts } from '../../conformance/verdicts/rules.js';
import { RuleTally, SIGNS, type Sign } from '../../conformance/verdicts/tally.js';
import { type Policies, PROFILES } from '../../spec/index.js';
import { decode } from '../../spec/protocol/codec.js';
import { Unreadable } from '../exit.js';
import type { RunData } from '../reporters/result.js';

const FORMAT = 'iommu-spec-blob';
const VERSION = 1;

/** What stands in the file of a shard: the data of its run, and the counts from which verdicts are made. */
export interface Blob {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly policies: Policies;
  readonly tally: { readonly [rule: string]: { readonly [S in Sign]?: number } };
  readonly data: RunData;
}

export const blobOf = (data: RunData, tally: RuleTally, policies: Policies): Blob => ({
  format: FORMAT,
  version: VERSION,
  policies,
  tally: Object.fromEntries(
    data.rules.flatMap(({ rule }) => {
      const row = SIGNS.flatMap(sign => (tally.of(rule, sign) > 0 ? [[sign, tally.of(rule, sign)]] : []));
      return row.length === 0 ? [] : [[rule, Object.fromEntries(row) as { readonly [S in Sign]?: number }]];
    }),
  ),
  data,
});

/** As much of the shape as merging relies on. */
const Shape = t.type({
  format: t.literal(FORMAT),
  version: t.literal(VERSION),
  policies: t.record(t.string, t.string),
  tally: t.record(t.string, t.record(t.string, t.number)),
  data: t.type({
    command: t.literal('run'),
    target: t.type({ name: t.string, profile: t.string, target: t.string, starts: t.number }),
    seed: t.number,
    shard: t.type({ index: t.number, total: t.number }),
    notes: t.array(t.string),
    sections: t.array(
      t.type({
        name: t.string,
        runs: t.number,
        calls: t.number,
        accepted: t.number,
        cannot: t.number,
        complete: t.boolean,
      }),
    ),
    findings: t.array(
      t.type({ key: t.string, rule: t.string, times: t.number, calls: t.number, lines: t.array(t.string) }),
    ),
    broken: t.array(t.type({ run: t.string })),
    expectations: t.array(
      t.type({
        expectation: t.type({ rule: t.string }),
        times: t.number,
        looked: t.boolean,
        expired: t.boolean,
      }),
    ),
    rules: t.array(t.type({ rule: t.string, verdict: t.string })),
  }),
});

/** Throws `Unreadable` with the file, and where it is no blob. */
export function readBlob(file: string, text: string): Blob {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Unreadable(`${file} is no blob of a shard: ${(error as Error).message}`);
  }
  const decoded = decode(Shape as unknown as t.Type<unknown, unknown, unknown>, value);
  if (!decoded.ok) {
    const [defect] = decoded.defects;
    throw new Unreadable(`${file} is no blob of a shard: ${defect?.path ?? ''}: ${defect?.reason ?? ''}`);
  }
  return value as Blob;
}

/** Why these are not the shards of one run; undefined: they are. */
export function mismatch(blobs: readonly Blob[]): string | undefined {
  const [first, ...rest] = blobs;
  for (const blob of rest) {
    const differs = (['profile', 'name'] as const).find(
      key => blob.data.target[key] !== first!.data.target[key],
    );
    if (differs !== undefined)
      return `${differs} differs: ${first!.data.target[differs]} and ${blob.data.target[differs]}`;
    if (blob.data.seed !== first!.data.seed)
      return `the seed differs: ${first!.data.seed} and ${blob.data.seed}`;
    if (blob.data.shard!.total !== first!.data.shard!.total) return 'they are parts of different numbers';
  }
  const indexes = blobs.map(b => b.data.shard!.index);
  const twice = indexes.find((n, i) => indexes.indexOf(n) !== i);
  return twice === undefined ? undefined : `shard ${twice} is there twice`;
}

/** One result of all that the shards made; a shard that is missing makes it inconclusive unless something failed. */
export function merged(blobs: readonly Blob[]): RunData {
  const [first] = blobs;
  const { target, seed, shard } = first!.data;
  const profile = PROFILES[target.profile]!;
  const tally = new RuleTally();
  for (const { tally: counts } of blobs)
    for (const [rule, row] of Object.entries(counts))
      for (const sign of SIGNS) tally.count(rule, sign, row[sign] ?? 0);
  const all = <K extends keyof RunData>(key: K): readonly RunData[K][] => blobs.map(b => b.data[key]);
  const findings = distinct(all('findings').flat());
  const expectations = summed(blobs);
  const missing = Array.from({ length: shard!.total }, (_, i) => i + 1).filter(
    n => !blobs.some(b => b.data.shard!.index === n),
  );
  const broken = all('broken').flat();
  const { result, rules, nothing } = resultOf(profile, first!.policies, tally, {
    found: findings.map(f => f.rule),
    excused: expectations.filter(e => e.times > 0).map(e => e.expectation.rule),
    missed: expectations.filter(e => e.looked && e.times === 0 && !e.expired).map(e => e.expectation.rule),
    broken: broken.length,
    doubt: missing.length > 0 || blobs.some(b => b.data.result === 'inconclusive' && hasRuns(b)),
  });
  const notes = [
    ...new Set(all('notes').flat()),
    ...(missing.length === 0 ? [] : [`of ${shard!.total} shards ${missing.join(', ')} are missing`]),
  ];
  return {
    command: 'run',
    target: { ...target, starts: blobs.reduce((sum, b) => sum + b.data.target.starts, 0) },
    result,
    notes: nothing ? notes : notes.filter(n => n !== 'nothing was tested'),
    seed,
    sections: sectionsOf(blobs),
    findings,
    broken,
    expectations,
    clauses: countVerdicts(rules),
    rules,
  };
}

/** A shard that had nothing to do is in no doubt. */
const hasRuns = ({ data }: Blob): boolean => data.sections.some(s => s.runs > 0);

/** Of several findings that are the same the one with the fewest calls. */
function distinct(findings: RunData['findings']): RunData['findings'] {
  const found = new Map<string, RunData['findings'][number]>();
  for (const f of findings) {
    const known = found.get(f.key);
    if (known === undefined) found.set(f.key, f);
    else {
      const best = f.calls < known.calls ? f : known;
      found.set(f.key, { ...best, times: known.times + f.times });
    }
  }
  return [...found.values()];
}

function summed(blobs: readonly Blob[]): RunData['expectations'] {
  const [first, ...rest] = blobs.map(b => b.data.expectations);
  return (first ?? []).map((met, i) =>
    rest.reduce(
      (sum, list) => ({
        ...sum,
        times: sum.times + (list[i]?.times ?? 0),
        looked: sum.looked || list[i]?.looked === true,
      }),
      met,
    ),
  );
}

function sectionsOf(blobs: readonly Blob[]): RunData['sections'] {
  const names = [...new Set(blobs.flatMap(b => b.data.sections.map(s => s.name)))];
  return names.map(name => {
    const parts = blobs.flatMap(b => b.data.sections.filter(s => s.name === name));
    const sum = (key: 'runs' | 'calls' | 'accepted' | 'cannot') => parts.reduce((n, p) => n + p[key], 0);
    return {
      name,
      runs: sum('runs'),
      calls: sum('calls'),
      accepted: sum('accepted'),
      cannot: sum('cannot'),
      complete: parts.every(p => p.complete),
    };
  });
}
