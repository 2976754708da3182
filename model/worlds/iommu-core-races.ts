// Which threads meet in the IOMMU core, and how many interleavings have they?
import type { PolicyValues } from '../../spec/iommu-core-races/policies.js';
import { iommuCoreRaces } from '../../spec/iommu-core-races/profile.js';
import type { Op, Setup, State } from '../../spec/iommu-core-races/state.js';
import type { World } from '../explore/world.js';

export type RaceWorld = World<State, Op, PolicyValues, Setup>;
type Thread = Setup['threads'][number];

const THERE = { present: true, attached: false };
const ATTACHED = { present: true, attached: true };
const ABSENT = { present: false, attached: false };
const thread = (does: Thread['does'], device: number, open: number | null = null): Thread => ({
  does,
  device,
  open,
});

function world(name: string, says: string, devices: Setup['devices'], threads: readonly Thread[]): RaceWorld {
  const ops = threads.map((_, i): Op => ({ op: 'step', thread: i }));
  return { name, says, profile: iommuCoreRaces, setup: { devices, threads }, ops };
}

export const IOMMU_CORE_RACE_WORLDS: readonly RaceWorld[] = [
  world(
    'attach-unplug',
    'A domain is attached to a group of two devices, the first of which is unplugged meanwhile.',
    [THERE, THERE],
    [thread('attach', 0), thread('unplug', 0)],
  ),
  world(
    'attach-unplug-all',
    'A domain is attached twice to a group of two devices, both of which are unplugged meanwhile.',
    [THERE, THERE],
    [thread('attach', 0), thread('attach', 0), thread('unplug', 0), thread('unplug', 1)],
  ),
  world(
    'attach-while-open',
    'The caller has the device open that it attaches, and the device is unplugged meanwhile.',
    [THERE],
    [thread('attach', 0, 0), thread('unplug', 0)],
  ),
  world(
    'attach-invalidate',
    'A page is unmapped and flushed while one device is attached and another one detached.',
    [THERE, ATTACHED],
    [thread('attach', 0), thread('invalidate', 0), thread('detach', 1)],
  ),
  world(
    'probe-probe',
    'Two devices of one new group are probed at the same time.',
    [ABSENT, ABSENT],
    [thread('probe', 0), thread('probe', 1)],
  ),
];
