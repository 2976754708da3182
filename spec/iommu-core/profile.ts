// What is the profile iommu-core? What a kernel's IOMMU core promises to drivers, VFIO and iommufd.
import type { Profile, Rules } from '../law/profile.js';
import { aims } from './invariants/aims.js';
import { lives } from './invariants/lives.js';
import { safety } from './invariants/safety.js';
import { sometimes } from './invariants/sometimes.js';
import { steps } from './invariants/steps.js';
import { structure } from './invariants/structure.js';
import { POLICIES, type PolicyValues } from './policies.js';
import { RELEASES } from './releases.js';
import { attachDevice, attachGroup, attachHandle } from './rules/attach.js';
import { auxAttach, auxDetach } from './rules/aux.js';
import { auxDisable, auxEnable, auxLookup, auxPasid } from './rules/aux-feature.js';
import { setupDefault } from './rules/default-domain.js';
import { storeType } from './rules/default-type.js';
import { deferredAttach, settle } from './rules/deferred.js';
import { detachDevice, detachGroup, detachHandle } from './rules/detach.js';
import { capable, dma } from './rules/dma.js';
import { allocByBus, allocByDevice, allocByGroup, freeDomain } from './rules/domain.js';
import { bind, unbind } from './rules/driver.js';
import { groupGet, groupPut, remove } from './rules/group.js';
import { map } from './rules/map.js';
import { claimDevice, claimGroup } from './rules/ownership.js';
import { attachPasid } from './rules/pasid.js';
import { handleGet, pasidAlloc, pasidFree } from './rules/pasid-number.js';
import { detachPasid, replacePasid } from './rules/pasid-replace.js';
import { probe } from './rules/probe.js';
import { ownerClaimed, releaseDevice, releaseGroup } from './rules/release.js';
import { replaceGroup, replaceHandle } from './rules/replace.js';
import { resetDone, resetPrepare } from './rules/reset.js';
import { mmExit, svaBind, svaUnbind } from './rules/sva.js';
import { iovaToPhys, unmap } from './rules/unmap.js';
import { initial, type Op, type Setup, type State } from './state.js';
import { view } from './view.js';

const rules: Rules<State, Op, PolicyValues> = {
  probe,
  remove,
  setup_default: setupDefault,
  group_get: groupGet,
  group_put: groupPut,
  store_type: storeType,
  bind,
  unbind,
  claim_group: claimGroup,
  release_group: releaseGroup,
  claim_device: claimDevice,
  release_device: releaseDevice,
  owner_claimed: ownerClaimed,
  alloc_by_device: allocByDevice,
  alloc_by_group: allocByGroup,
  alloc_by_bus: allocByBus,
  free_domain: freeDomain,
  attach_device: attachDevice,
  detach_device: detachDevice,
  attach_group: attachGroup,
  detach_group: detachGroup,
  replace_group: replaceGroup,
  attach_handle: attachHandle,
  detach_handle: detachHandle,
  replace_handle: replaceHandle,
  handle_get: handleGet,
  deferred_attach: deferredAttach,
  reset_prepare: resetPrepare,
  reset_done: resetDone,
  settle,
  pasid_alloc: pasidAlloc,
  pasid_free: pasidFree,
  attach_pasid: attachPasid,
  replace_pasid: replacePasid,
  detach_pasid: detachPasid,
  sva_bind: svaBind,
  sva_unbind: svaUnbind,
  mm_exit: mmExit,
  aux_enable: auxEnable,
  aux_disable: auxDisable,
  aux_attach: auxAttach,
  aux_detach: auxDetach,
  aux_pasid: auxPasid,
  aux_lookup: auxLookup,
  map,
  unmap,
  iova_to_phys: iovaToPhys,
  dma,
  capable,
};

export const iommuCore: Profile<State, Op, PolicyValues, Setup> = {
  name: 'iommu-core',
  title: 'Groups, domains, ownership, replace, PASIDs and aux domains of an IOMMU core',
  rules,
  retired: [
    {
      id: 'store_type/direct-map-fails',
      why: 'What it allowed is what store_type/no-memory allows, which names it now.',
    },
    { id: 'store_type/changed-alone', why: 'It is what store_type/changed says.' },
  ],
  policies: POLICIES,
  releases: RELEASES,
  initial,
  always: [...structure, ...safety],
  sometimes,
  steps,
  lives,
  aims,
  view,
};
