// What is the profile vfio-type1? The VFIO that people run: groups, containers and the type1 driver.
import type { Profile, Rules } from '../law/profile.js';
import { initial } from './initial.js';
import { lives } from './invariants/lives.js';
import { safety } from './invariants/safety.js';
import { sometimes } from './invariants/sometimes.js';
import { steps } from './invariants/steps.js';
import { RELEASES } from './releases.js';
import { checkExtension, iommuInfo, setIommu } from './rules/backend.js';
import { deviceReset, getDevice } from './rules/devices.js';
import { dirtyPagesCall } from './rules/dirty.js';
import { dma } from './rules/dma.js';
import { bind, hotAdd, hotRemove, resume, unbind } from './rules/drivers.js';
import { pin, unpin } from './rules/emulated.js';
import { groupStatus, setContainer, unsetContainer } from './rules/groups.js';
import { map } from './rules/map.js';
import { close, dup, openContainer, openGroup } from './rules/opening.js';
import { rw } from './rules/rw.js';
import { unmap } from './rules/unmap.js';
import type { Choice, Op, Setup, State } from './state.js';
import { tell } from './telling.js';
import { tries } from './tries.js';
import { view } from './view.js';

const rules: Rules<State, Op, Choice> = {
  open_container: openContainer,
  open_group: openGroup,
  dup,
  close,
  group_status: groupStatus,
  set_container: setContainer,
  unset_container: unsetContainer,
  get_device: getDevice,
  check_extension: checkExtension,
  set_iommu: setIommu,
  iommu_info: iommuInfo,
  map,
  unmap,
  dirty_pages: dirtyPagesCall,
  device_reset: deviceReset,
  bind,
  unbind,
  hot_add: hotAdd,
  hot_remove: hotRemove,
  resume,
  pin,
  unpin,
  rw,
  dma,
};

export const vfioType1: Profile<State, Op, Choice, Setup> = {
  name: 'vfio-type1',
  title: 'VFIO of today: groups, containers and type1 mappings, by the release of the kernel',
  rules,
  retired: [],
  policies: [],
  releases: RELEASES,
  initial,
  always: safety,
  sometimes,
  steps,
  lives,
  aims: { always: [], steps: [], lives: [] },
  view,
  tell,
  tries,
};
