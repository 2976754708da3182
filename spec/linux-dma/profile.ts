// What does a Linux kernel report in its iommu, dma and intel_iommu trace events: the whole profile in one place?
import { all } from '../kit/sorted-rows.js';
import type { Profile } from '../law/profile.js';
import type { Op } from '../protocol/linux-dma.js';
import { explain } from './explain.js';
import { always, sometimes, steps } from './invariants.js';
import { type Policies, policies } from './policies.js';
import { attaching } from './rules/attach.js';
import { handingOut } from './rules/dma-map.js';
import { givingBack } from './rules/dma-unmap.js';
import { faults } from './rules/fault.js';
import { invalidation } from './rules/flush.js';
import { groups } from './rules/groups.js';
import { mapping } from './rules/map.js';
import { submission } from './rules/queue.js';
import { tags } from './rules/tags.js';
import { initial, type Setup, type State } from './state.js';

export const linuxDma: Profile<State, Op, Policies, Setup> = {
  name: 'linux-dma',
  title: 'What a Linux kernel reports of groups, domains, mappings, DMA and invalidations',
  rules: {
    ...groups,
    ...attaching,
    ...mapping,
    ...handingOut,
    ...givingBack,
    ...tags,
    ...invalidation,
    ...submission,
    ...faults,
  },
  retired: [],
  reports: true,
  policies,
  initial,
  always,
  sometimes,
  steps,
  lives: [],
  aims: { always: [], steps: [], lives: [] },
  view: s => ({
    // Asked for by few recordings, and long: found out only then.
    get groups() {
      return groupsSeen(s);
    },
    mappedPages: s.mapped,
  }),
  explain,
  remarks: ['io_page_fault'],
};

const groupsSeen = (s: State): readonly { readonly id: number; readonly devices: readonly string[] }[] =>
  all(s.groups).map(({ id, members }) => ({ id, devices: all(members) }));
