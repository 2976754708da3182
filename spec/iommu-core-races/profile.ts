// What is the profile iommu-core-races? The steps of threads in an IOMMU core, and the locks between them.
import type { Profile } from '../law/profile.js';
import { POLICIES, type PolicyValues } from './policies.js';
import { always, lives, sometimes } from './promises.js';
import { step } from './rules/step.js';
import { initial, type Op, type Setup, type State } from './state.js';

export const iommuCoreRaces: Profile<State, Op, PolicyValues, Setup> = {
  name: 'iommu-core-races',
  title:
    'Attach, unplug, invalidate and probe at the same time: what keeps a device from going away under its user',
  rules: { step },
  retired: [],
  policies: POLICIES,
  initial,
  always,
  sometimes,
  steps: [],
  lives,
  aims: { always: [], steps: [], lives: [] },
  view: s => ({
    devices: s.devices.map(d => ({ ...d })),
    threads: s.threads.map(({ at, found }) => ({ at, found })),
    group: { ...s.group },
    world: { ...s.world },
  }),
};
