// What a Linux kernel's iommu, dma and intel_iommu trace events report: the whole profile in one place.
import type { Profile } from '../law/profile.js';
import type { Op } from '../protocol/linux-dma.js';
import { dma } from './dma.js';
import { explain } from './explain.js';
import { groups } from './groups.js';
import { invalidation } from './invalidation.js';
import { always, sometimes, steps } from './invariants.js';
import { mapping } from './mapping.js';
import { type Policies, policies } from './policies.js';
import { initial, type Setup, type State } from './state.js';

export const linuxDma: Profile<State, Op, Policies, Setup> = {
  name: 'linux-dma',
  title: 'What a Linux kernel reports of groups, domains, mappings, DMA and invalidations',
  rules: { ...groups, ...mapping, ...dma, ...invalidation },
  retired: [],
  policies,
  initial,
  always,
  sometimes,
  steps,
  lives: [],
  aims: { always: [], steps: [], lives: [] },
  view: s => ({
    groups: s.groups.map(g => ({ id: g.id, devices: s.devices.filter(d => d.group === g.id).map(d => d.name) })),
    mappedPages: s.mapped,
  }),
  explain,
};
