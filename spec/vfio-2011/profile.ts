// What is the profile vfio-2011? The VFIO driver core framework as it was argued in November 2011.
import type { Profile, Rules } from '../law/profile.js';
import { aims } from './invariants/aims.js';
import { lives } from './invariants/lives.js';
import { safety, steps } from './invariants/safety.js';
import { sometimes } from './invariants/sometimes.js';
import { structure } from './invariants/structure.js';
import { POLICIES, type PolicyValues } from './policies.js';
import { getContext, getDevice } from './rules/access.js';
import { bind, hotAdd } from './rules/arrival.js';
import { close } from './rules/close.js';
import { del, hotRemove, resume, unbind } from './rules/departure.js';
import { dma } from './rules/dma.js';
import { groupInfo, openGroup } from './rules/groups.js';
import { map, unmap } from './rules/mapping.js';
import { merge } from './rules/merge.js';
import { setTimeout, tick } from './rules/time.js';
import { unmerge } from './rules/unmerge.js';
import { initial, type Op, type Setup, type State } from './state.js';
import { view } from './view.js';

const rules: Rules<State, Op, PolicyValues> = {
  open_group: openGroup,
  group_info: groupInfo,
  get_context: getContext,
  get_device: getDevice,
  merge,
  unmerge,
  close,
  map,
  unmap,
  dma,
  hot_add: hotAdd,
  bind,
  unbind,
  hot_remove: hotRemove,
  delete: del,
  resume,
  tick,
  set_timeout: setTimeout,
};

export const vfio2011: Profile<State, Op, PolicyValues, Setup> = {
  name: 'vfio-2011',
  title: 'Groups, contexts, merge and unmerge as reviewed in November 2011',
  rules,
  retired: [],
  policies: POLICIES,
  initial,
  always: [...structure, ...safety],
  sometimes,
  steps,
  lives,
  aims,
  view,
};
