// How does a context open, close and fall apart?
import { EBUSY, EFAULT, ENOMEM } from '../errno.js';
import { IOVA_PAGES } from '../iotlb/translator.js';
import { type Core, fails } from './core.js';
import { setLeaving } from './members.js';
import { ASLEEP, WOKEN } from './objects.js';

/**
 * Gives the context a domain and attaches the whole set: 0, or -EBUSY, -ENOMEM, -EFAULT with everything
 * undone.
 */
export function openContext(core: Core, c: number, mm: number): number {
  const { contexts, groups, translator } = core;
  if (!core.steps.isViable(core, c)) return -EBUSY;
  if (fails(core, 'domain') || translator.create(c) !== 0) return -ENOMEM;
  contexts.open[c] = 1;
  contexts.mm[c] = mm;
  for (let g = contexts.firstMember[c]; g >= 0; g = groups.next[g]) {
    const refused = core.steps.attachGroup(core, g, c);
    if (refused < 0) {
      core.steps.closeContext(core, c);
      return refused;
    }
  }
  return 0;
}

/**
 * Attaches the group's devices in turn; the IOMMU driver may refuse one. Those before it are then left to the
 * caller, who has to undo other groups as well.
 */
export function attachGroup(core: Core, g: number, domain: number): number {
  const { devices, groups } = core;
  for (let d = groups.firstDevice[g]; d >= 0; d = devices.next[d]) {
    if (fails(core, 'attach')) return -EFAULT;
    devices.domain[d] = domain;
  }
  return 0;
}

/** The devices of the group that are attached to `domain` go back to the kernel's own. */
export function detachGroup(core: Core, g: number, domain: number): void {
  const { devices, groups } = core;
  for (let d = groups.firstDevice[g]; d >= 0; d = devices.next[d]) {
    if (devices.domain[d] === domain) devices.domain[d] = -1;
  }
}

/** In this order: nobody can reach the mappings any more, they go, the domain goes. */
export function closeContext(core: Core, c: number): void {
  const { contexts, groups, translator } = core;
  if (contexts.open[c] === 0) return;
  for (let g = contexts.firstMember[c]; g >= 0; g = groups.next[g]) core.steps.detachGroup(core, g, c);
  charge(core, c, -contexts.locked[c]);
  translator.destroy(c);
  contexts.open[c] = 0;
  contexts.mm[c] = -1;
}

/** All mappings go; the domain and its devices stay. */
export function dropMappings(core: Core, c: number): void {
  if (core.contexts.locked[c] > 0) charge(core, c, -core.translator.unmap(c, 0, IOVA_PAGES));
}

/** `pages` more on the account of the context and of its address space. */
export function charge(core: Core, c: number, pages: number): void {
  const { contexts, spaces } = core;
  const mm = contexts.mm[c];
  contexts.locked[c] += pages;
  // An address space that the machine was not told of has no limit, and nobody to ask for its account.
  if (mm < spaces.count) spaces.locked[mm] += pages;
}

/**
 * Something let go of the context. If nothing keeps it, it closes and its waiters are woken; if nobody has
 * a handle of a member either, the merged set is no more.
 */
export function letGoOf(core: Core, c: number): void {
  if (c < 0 || core.steps.inUse(core, c)) return;
  const { contexts, groups } = core;
  core.steps.closeContext(core, c);
  core.steps.wake(core, c);
  const takenApart = contexts.groupRefs[c] === 0;
  for (let g = contexts.firstMember[c]; g >= 0; ) {
    const next = groups.next[g];
    if (takenApart) core.steps.leaveContext(core, g);
    core.steps.freeGroup(core, g);
    g = next;
  }
}

/** Everybody who sleeps until the set is idle is to look again. */
export function wake(core: Core, c: number): void {
  const { contexts, groups, devices } = core;
  if (contexts.sleepers[c] === 0) return;
  for (let g = contexts.firstMember[c]; g >= 0; g = groups.next[g]) {
    for (let d = groups.firstDevice[g]; d >= 0; d = devices.next[d]) {
      if (devices.leaving[d] === ASLEEP) setLeaving(core, d, WOKEN);
    }
  }
}

/** The group object goes, if it has neither devices nor handles and its set is not in use. */
export function freeGroup(core: Core, g: number): void {
  const { groups } = core;
  if (groups.exists[g] === 0 || groups.refs[g] > 0 || groups.lives[g] > 0) return;
  const c = groups.context[g];
  if (c >= 0) {
    if (core.steps.inUse(core, c) && core.contexts.members[c] === 1) return;
    core.steps.leaveContext(core, g);
  }
  groups.exists[g] = 0;
  groups.tainted[g] = 0;
  groups.hardware[g] = g;
}
