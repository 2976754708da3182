// What is the profile spapr-tce? POWER's TCE windows, from hypercalls and firmware to VFIO.
import type { Profile, Rules } from '../law/profile.js';
import { initial } from './initial.js';
import { aims } from './invariants/aims.js';
import { lives } from './invariants/lives.js';
import { safety } from './invariants/safety.js';
import { sometimes } from './invariants/sometimes.js';
import { steps } from './invariants/steps.js';
import { POLICIES, type PolicyValues } from './policies.js';
import { RELEASES } from './releases.js';
import { attach, close, detach, open } from './rules/container.js';
import { ddwQuery } from './rules/ddw.js';
import { ddwCreate } from './rules/ddw-create.js';
import { ddwRemove, ddwReset } from './rules/ddw-remove.js';
import { bind, capable, probe, remove } from './rules/device.js';
import { dma, guestDma } from './rules/dma.js';
import { kernelMap, kernelUnmap } from './rules/dma-api.js';
import { disable, enable, info } from './rules/enable.js';
import { getTce, putTce } from './rules/hcall.js';
import { putTceIndirect } from './rules/hcall-indirect.js';
import { stuffTce } from './rules/hcall-stuff.js';
import { kvmAttach, kvmRelease } from './rules/kvm-group.js';
import { kvmClose, kvmCreate } from './rules/kvm-window.js';
import { map } from './rules/map.js';
import { claim, release } from './rules/ownership.js';
import { register } from './rules/register.js';
import { unmap } from './rules/unmap.js';
import { unregister } from './rules/unregister.js';
import { createWindow, removeWindow } from './rules/window.js';
import type { Op, Setup, State } from './state.js';
import { view } from './view.js';

const rules: Rules<State, Op, PolicyValues> = {
  probe,
  remove,
  capable,
  bind,
  kernel_map: kernelMap,
  kernel_unmap: kernelUnmap,
  claim,
  release,
  open,
  close,
  attach,
  detach,
  enable,
  disable,
  info,
  register,
  unregister,
  create_window: createWindow,
  remove_window: removeWindow,
  map,
  unmap,
  kvm_create: kvmCreate,
  kvm_close: kvmClose,
  kvm_attach: kvmAttach,
  kvm_release: kvmRelease,
  h_put_tce: putTce,
  h_put_tce_indirect: putTceIndirect,
  h_stuff_tce: stuffTce,
  h_get_tce: getTce,
  ddw_query: ddwQuery,
  ddw_create: ddwCreate,
  ddw_remove: ddwRemove,
  ddw_reset: ddwReset,
  dma,
  guest_dma: guestDma,
};

export const spaprTce: Profile<State, Op, PolicyValues, Setup> = {
  name: 'spapr-tce',
  title: 'TCE windows of POWER: entries, hypercalls, firmware windows, ownership and VFIO SPAPR',
  rules,
  retired: [
    { id: 'attach/attached', why: 'VFIO looks before the driver: attach/in-container' },
    { id: 'attach/elsewhere', why: 'EINVAL, and first: attach/in-container' },
  ],
  policies: POLICIES,
  releases: RELEASES,
  initial,
  always: safety,
  sometimes,
  steps,
  lives,
  aims,
  view,
};
