// What does a campaign ask for, and which units are that?
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as t from 'io-ts';
import type { AnyWorld } from '../../model/explore/world.js';
import { FAULT_TABLES } from '../../model/faults/tables.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';
import { type AnyProfile, PROFILES } from '../../spec/index.js';
import { closed, decode, list, tagged, text, whole } from '../../spec/protocol/index.js';
import { reasonOf, Unreadable, Usage } from '../exit.js';
import { hashOf } from '../fingerprint.js';
import { unknown } from '../meant.js';

const name = text('name', 200);
const names = list(name);
const policies = list(t.record(t.string, t.string));
const seeds = closed('seeds', {
  from: whole('seed', -(2 ** 31), 2 ** 31 - 1),
  count: whole('seeds', 1, 1e6),
});
const runs = whole('runs', 1, 1e7);
const ops = whole('ops', 1, 1e5);
const law = { profiles: names, releases: names, policies };

/** Each part is the product of its lists; a list that is left out has the one usual value, or all there are. */
export const Part = tagged('do', {
  check: closed('check', { do: t.literal('check') }, { ...law, worlds: names, symmetry: t.boolean }),
  walk: closed('walk', { do: t.literal('walk'), seeds, runs, ops }, { ...law, worlds: names }),
  run: closed(
    'run',
    { do: t.literal('run'), targets: names, seeds, runs, ops },
    { ...law, only: names, shards: whole('shards', 1, 1e4) },
  ),
  faults: closed('faults', { do: t.literal('faults') }, { profiles: names, faults: names }),
});

const FORMAT = 'iommu-spec-campaign';

export const CampaignFile = closed(
  'campaign',
  { format: t.literal(FORMAT), version: t.literal(1), parts: list(Part) },
  { limit: whole('seconds', 1, 1e7) },
);

type PartOf = t.TypeOf<typeof Part>;
type Law = { readonly releases?: readonly string[]; readonly policies?: readonly Choice[] };
type Choice = { readonly [policy: string]: string };

/** A command line of ours, named by what decides its result. */
export interface Unit {
  readonly name: string;
  readonly argv: readonly string[];
  /** Units of one run on a target, which are merged; the words without the part. */
  readonly group?: string;
}

export interface Campaign {
  /** Of the units, and so of the law, too. */
  readonly hash: string;
  /** Of the file alone. */
  readonly asked: string;
  readonly law: string;
  readonly units: readonly Unit[];
  /** Seconds that one unit may take. */
  readonly limit: number;
}

/** All that a unit's result may depend on: another version of the program does none of it again, nor counts it. */
const DECIDES = ['spec', 'model', 'impl', 'conformance', 'cli/commands', 'cli/targets'];
const HOUR = 3600;

const sha = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);

/** Throws `Unreadable` for what is no campaign, and `Usage` for one that names what there is not. */
export function readCampaign(file: string): Campaign {
  let value: unknown;
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
    value = JSON.parse(content);
  } catch (error) {
    throw new Unreadable(`${file} cannot be read as a campaign: ${reasonOf(error)}`);
  }
  const decoded = decode(CampaignFile as unknown as t.Type<t.TypeOf<typeof CampaignFile>>, value);
  if (!decoded.ok) {
    const [defect] = decoded.defects;
    throw new Unreadable(`${file} is no campaign: ${defect?.path ?? ''}: ${defect?.reason ?? ''}`);
  }
  const ours = hashOf(DECIDES);
  const units = new Map<string, Unit>();
  for (const part of decoded.value.parts) {
    const before = units.size;
    for (const { argv, group } of linesOf(part)) {
      const unit = { name: sha(JSON.stringify([ours, argv])), argv, ...(group !== undefined && { group }) };
      units.set(unit.name, unit);
    }
    if (units.size === before) throw new Usage(`a part of ${file} comes to nothing: ${JSON.stringify(part)}`);
  }
  const all = [...units.values()];
  const hash = sha(JSON.stringify(all.map(u => u.name)));
  return { hash, asked: sha(content), law: ours, units: all, limit: decoded.value.limit ?? HOUR };
}

interface Line {
  readonly argv: readonly string[];
  readonly group?: string;
}

function linesOf(part: PartOf): readonly Line[] {
  if (part.do === 'faults') {
    const profiles = part.profiles?.map(profileNamed).map(p => p.name);
    const tables = FAULT_TABLES.filter(f => profiles === undefined || profiles.includes(f.profile));
    const all = tables.flatMap(f => f.faults.map(({ id }) => id));
    const strange = part.faults?.find(id => !all.includes(id));
    if (strange !== undefined) throw unknown('fault', strange, all, 'iommu-spec faults');
    return (part.faults ?? all).map(id => ({ argv: ['faults', '--only', id] }));
  }
  if (part.do === 'run') return targetLines(part);
  const lines = worldsOf(part).flatMap(world =>
    choicesOf(world.profile, part).map(choice => [part.do, world.name, ...choice]),
  );
  if (part.do === 'check')
    return lines.map(argv => ({ argv: part.symmetry === true ? [...argv, '--symmetry'] : argv }));
  return lines.flatMap(argv => seedsOf(part).map(seed => ({ argv: [...argv, ...seed] })));
}

/** Of one target, seed and law: as many units as there are parts, put together as shards are. */
function targetLines(part: Extract<PartOf, { readonly do: 'run' }>): readonly Line[] {
  const laws =
    part.profiles === undefined
      ? choicesOf(undefined, part)
      : part.profiles
          .map(profileNamed)
          .flatMap(p => choicesOf(p, part).map(choice => ['--profile', p.name, ...choice]));
  const only = (part.only ?? []).flatMap(section => ['--only', section]);
  const total = part.shards ?? 1;
  return part.targets.flatMap(target =>
    laws.flatMap(choice =>
      seedsOf(part).flatMap(seed => {
        const argv = ['run', '--target', target, ...choice, ...only, ...seed];
        const group = argv.slice(1).join(' ');
        return Array.from({ length: total }, (_, i) => ({
          argv: [...argv, '--shard', `${i + 1}/${total}`],
          group,
        }));
      }),
    ),
  );
}

function profileNamed(name: string): AnyProfile {
  const profile = PROFILES[name];
  if (profile === undefined) throw unknown('profile', name, Object.keys(PROFILES), 'iommu-spec rules');
  return profile;
}

/** Those that are named, of the profiles that are named; large ones only by their names. */
function worldsOf(part: { readonly worlds?: readonly string[]; readonly profiles?: readonly string[] }) {
  const profiles = part.profiles?.map(profileNamed);
  const named = (name: string): AnyWorld => {
    const world = worldNamed(name);
    if (world !== undefined) return world;
    const all = WORLDS.map(w => w.name);
    throw unknown('world', name, all, 'iommu-spec check');
  };
  const worlds = part.worlds?.map(named) ?? WORLDS.filter(w => w.large !== true);
  return worlds.filter(w => profiles === undefined || profiles.includes(w.profile));
}

/** The words for each release and choice of policies; those of another profile are left out. */
function choicesOf(profile: AnyProfile | undefined, { releases, policies }: Law): readonly string[][] {
  const known = (release: string): boolean =>
    profile === undefined || (profile.releases ?? []).some(r => r.name === release);
  const has = (choice: Choice): boolean =>
    profile === undefined ||
    Object.keys(choice).every(policy => profile.policies.some(p => p.name === policy));
  const first = releases?.filter(known).map(r => ['--release', r]) ?? [[]];
  const second = policies
    ?.filter(has)
    .map(choice => Object.entries(choice).flatMap(([policy, v]) => ['--policy', `${policy}=${v}`])) ?? [[]];
  return first.flatMap(r => second.map(p => [...r, ...p]));
}

interface Seeded {
  readonly seeds: { readonly from: number; readonly count: number };
  readonly runs: number;
  readonly ops: number;
}

const seedsOf = ({ seeds: { from, count }, runs, ops }: Seeded): readonly string[][] =>
  Array.from({ length: count }, (_, i) => [
    ...['--seed', String(from + i)],
    ...['--runs', String(runs), '--ops', String(ops)],
  ]);
