// Do law and implementation of iommu-core agree on machines that have everything at once, which no world could exhaust?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { walk } from '../../model/compare/walk.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { offers, opsOf, type Scope } from '../../model/worlds/iommu-core-ops.js';
import { worldNamed } from '../../model/worlds.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';
import { RELEASES } from '../../spec/iommu-core/releases.js';
import type { Setup } from '../../spec/iommu-core/state.js';
import { seedOf } from '../impl/seed.js';

type Instance = Setup['instances'][number];
type Device = Setup['devices'][number];

/** Like those of the worlds, which are about one thing each. */
const { instances, devices } = worldNamed('drivers')!.setup as Setup;
const device = (group: number, fields: Partial<Device> = {}): Device => ({
  ...devices[0]!,
  group,
  ...fields,
});

function mixed(
  name: string,
  differing: readonly Partial<Instance>[],
  members: readonly Device[],
  scope: Omit<Scope, 'devices' | 'groups'>,
): AnyWorld {
  const groups = 1 + Math.max(...members.map(d => d.group));
  const all = members.map((_, at) => at);
  const setup: Setup = {
    instances: differing.map(fields => ({ ...instances[0]!, ...fields })),
    devices: members.map((d, at) => ({ ...d, name: `d${at}`, rid: at })),
    groups,
    defaultType: 'dma',
    mms: scope.mms?.length ?? 0,
    bounds: {
      domains: scope.domains.length,
      references: scope.references?.length ?? 0,
      pasids: Math.max(1, ...differing.map(i => i.pasids ?? 0)),
      pages: 1,
    },
  };
  const full = { probe: all, remove: all, ...scope, devices: all, groups: [...Array(groups).keys()] };
  return {
    name,
    says: '',
    profile: iommuCore,
    setup,
    ops: opsOf(full),
    offers,
  } as unknown as AnyWorld;
}

const FOUR = [
  device(0, { pasids: 3 }),
  device(0, { pasids: 3 }),
  device(0, { direct: true, pasids: 2 }),
  device(0, { deferred: true }),
];
const EVERYTHING = {
  domains: [0, 1],
  allocDevices: [0],
  allocGroups: [0],
  allocBuses: [0],
  attachDevices: [0],
  attachGroups: [0],
  replace: true,
  handles: [1],
  owners: [0],
  claims: 'both',
  resets: [0, 1],
  queue: [0, 1, 2, 3],
  types: ['identity', 'dma', 'dma-fq', 'auto'],
  aux: [0, 1],
  deferred: true,
  drivers: [0, 1],
  managed: [1],
  references: [0],
  ask: true,
  settle: true,
} as const;

const MIXED: readonly AnyWorld[] = [
  mixed('with static domains', [{ pasids: 3, aux: true }], FOUR, {
    ...EVERYTHING,
    attach: [0, 1, 'identity', 'blocked'],
    pasids: [1, 2],
    pasidDevices: [0, 1],
    pasidHandles: [1],
    mms: [0],
    exits: true,
    numbers: true,
  }),
  mixed('without', [{ pasids: 3, aux: true, blocked: false, identity: false }], FOUR, EVERYTHING),
  mixed('three members', [{ blocked: false }], [device(0), device(0), device(0)], {
    domains: [0, 1],
    allocDevices: [0],
    allocGroups: [0],
    allocBuses: [0],
    attach: [0, 1, 'identity'],
    attachGroups: [0],
    replace: true,
    owners: [0],
    queue: [0, 1, 2],
    types: ['identity', 'dma'],
  }),
  mixed(
    'three instances',
    [{ pasids: 3 }, { driver: 'smmu', pasids: 3 }, { iovaBits: 13, pasids: 3 }],
    [
      device(0, { pasids: 3 }),
      device(0, { pasids: 2 }),
      device(1, { instance: 1, pasids: 3 }),
      device(2, { instance: 2, pasids: 3 }),
      device(2, { instance: 2 }),
    ],
    {
      domains: [0, 1],
      allocDevices: [0, 2, 3],
      allocGroups: [0, 1, 2],
      allocBuses: [0],
      attach: [0, 1, 'identity'],
      attachGroups: [0, 1, 2],
      replace: true,
      handles: [1, 2],
      owners: [0],
      queue: [0],
      types: ['identity', 'dma'],
      pasids: [1],
      pasidDevices: [0, 2, 3],
      pasidHandles: [1, 2],
      mms: [0],
    },
  ),
];

const CHOICES = [{}, ...iommuCore.policies.flatMap(p => p.values.slice(1).map(v => ({ [p.name]: v.value })))];

/** WALKS=... in the environment makes every campaign that many times longer. */
const LENGTH = Number(process.env['WALKS'] ?? 1);

/** A test for each release and machine: so many walks under each choice of policies. */
export function testMixed(runs: number): void {
  for (const { name: release, lacks = {} } of RELEASES) {
    for (const mix of MIXED) {
      const has = (op: string): boolean => !Object.hasOwn(lacks, op);
      const world: AnyWorld = { ...mix, ops: mix.ops.filter(o => has(o.op)) };
      test(`walks of ${release} under every policy: ${world.name}`, t => {
        const seed = seedOf(t);
        for (const choice of CHOICES) {
          const policies = { ...choice, release };
          const { failure } = walk(world, { seed, runs: runs * LENGTH, ops: 200, policies });
          const way = failure?.recording.events
            .map(e => `${JSON.stringify(e.op, plain)} ${e.note}`)
            .join('\n');
          assert.equal(
            failure,
            undefined,
            `${JSON.stringify(policies)}: ${failure?.disagreement.first.path}\n${way}`,
          );
        }
      });
    }
  }
}

const plain = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v);
