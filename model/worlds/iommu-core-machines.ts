// What machine is a bounded world of iommu-core made of?
import type { PolicyValues } from '../../spec/iommu-core/policies.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';
import type { Op, Setup, State } from '../../spec/iommu-core/state.js';
import { defaultPolicies } from '../../spec/law/profile.js';
import { lackOf } from '../../spec/law/release.js';
import type { World } from '../explore/world.js';
import { offers, opsOf, type Scope } from './iommu-core-ops.js';

export type CoreWorld = World<State, Op, PolicyValues, Setup>;
type Instance = Setup['instances'][number];
type Device = Setup['devices'][number];

const IOMMU: Instance = {
  driver: 'vtd',
  blocked: true,
  identity: true,
  pageSizes: 0x1000n,
  iovaBits: 14,
  coherent: true,
  enforces: true,
  dirty: true,
  msi: true,
  pasids: 0,
  aux: false,
};
export const instance = (fields: Partial<Instance> = {}): Instance => ({ ...IOMMU, ...fields });

export const device = (name: string, group: number, fields: Partial<Device> = {}): Device => ({
  name,
  bus: 0,
  instance: 0,
  group,
  rid: 0,
  aliases: [],
  pasids: 0,
  direct: false,
  deferred: false,
  wants: 'any',
  parent: null,
  ...fields,
});

interface Plan {
  readonly name: string;
  readonly says: string;
  readonly instances: readonly Instance[];
  readonly devices: readonly Device[];
  readonly defaultType?: Setup['defaultType'];
  readonly scope: Omit<Scope, 'groups' | 'devices'>;
  /** Left out: the newest kernel. Operations that a release does not have are left out of its worlds. */
  readonly release?: PolicyValues['release'];
  readonly policies?: Partial<PolicyValues>;
  readonly large?: boolean;
}

/** The newest kernel: worlds that say nothing are of it. */
const NEWEST = defaultPolicies<PolicyValues>(iommuCore).release;

export function world({
  instances,
  devices,
  defaultType,
  scope,
  release = NEWEST,
  ...plan
}: Plan): CoreWorld {
  const groups = 1 + Math.max(...devices.map(d => d.group));
  const full: Scope = {
    devices: devices.map((_, i) => i),
    groups: Array.from({ length: groups }, (_, i) => i),
    probe: devices.map((_, i) => i),
    remove: devices.map((_, i) => i),
    ...scope,
  };
  const setup: Setup = {
    instances,
    devices: devices.map((d, rid) => ({ ...d, rid })),
    groups,
    defaultType: defaultType ?? 'dma',
    mms: scope.mms?.length ?? 0,
    bounds: {
      domains: scope.domains.length,
      references: scope.references?.length ?? 0,
      pasids: Math.max(1, ...instances.map(i => i.pasids)),
      pages: Math.max(scope.pages ?? 1, 1),
    },
  };
  const policies = { ...plan.policies, release };
  const ops = opsOf(full).filter(({ op }) => lackOf(iommuCore, policies, op) === undefined);
  return { ...plan, policies, profile: iommuCore, setup, ops, offers };
}
