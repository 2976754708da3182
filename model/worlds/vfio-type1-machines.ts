// What are the finite machines of vfio-type1 made of?
import { vfioType1 } from '../../spec/vfio-type1/profile.js';
import type { Choice, Op, Setup, State } from '../../spec/vfio-type1/state.js';
import type { World } from '../explore/world.js';
import { handlesIn, offers, opsOf, type Scope, VADDR } from './vfio-type1-ops.js';

export type Type1World = World<State, Op, Choice, Setup>;

type Machine = Omit<Setup, 'bounds'>;
type Iommu = Machine['iommus'][number];
type Group = Machine['groups'][number];
type Device = Machine['devices'][number];

export const PAGE = 4096n;
export const pages = (first: number, count: number) => ({
  start: BigInt(first) * PAGE,
  size: BigInt(count) * PAGE,
});

/** An IOMMU that translates 16 pages, or what else is said. */
export const iommu = (fields: Partial<Iommu> = {}): Iommu => ({
  driver: 'vtd',
  aperture: { start: 0n, end: 16n * PAGE - 1n },
  pageSizes: 0x1000n,
  ...fields,
});
export const group = (id: number, behind: Group['behind'] = 0, reserved: Group['reserved'] = []): Group => ({
  id,
  behind,
  reserved,
});
export const device = (name: string, of: number, fields: Partial<Device> = {}): Device => ({
  name,
  group: of,
  driver: 'vfio',
  ...fields,
});
export const memory = (count: number) => ({ ...pages(Number(VADDR), count), prot: 'rw' as const });
export const mm = (lockLimit: number | null, ...runs: Machine['mms'][number]['memory']) => ({
  lockLimit,
  memory: runs,
});

export interface Plan {
  readonly name: string;
  readonly says: string;
  readonly machine: Machine;
  readonly scope: Scope;
  readonly release?: Choice['release'];
  readonly large?: boolean;
}

export function world({ machine, scope, release, ...plan }: Plan): Type1World {
  // A container that has lost its name lives on while a group is in it.
  const containers = scope.containers + scope.groups.length;
  const bounds = { handles: handlesIn(scope), containers, pages: Math.max(scope.pages, 1) };
  return {
    ...plan,
    profile: vfioType1,
    setup: { ...machine, bounds },
    ...(release === undefined ? {} : { policies: { release } }),
    ops: opsOf(scope, d => machine.devices[d]!.group),
    offers,
  };
}

export const ONE: Machine = {
  iommus: [iommu()],
  groups: [group(1)],
  devices: [device('a', 0)],
  mms: [mm(null, memory(4))],
};

/** The same in every release, by the name of the world with a mark. */
const RELEASES = [
  ['', undefined],
  ['-6-12', 'linux-6.12'],
  ['-6-1', 'linux-6.1'],
] as const;
export const inEachRelease = (plan: Plan): readonly Type1World[] =>
  RELEASES.map(([mark, release]) =>
    world({ ...plan, name: `${plan.name}${mark}`, ...(release === undefined ? {} : { release }) }),
  );
