// What is the profile hardware? What an IOMMU may have cached, and what that lets a device reach.
import type { Profile } from '../law/profile.js';
import { initial } from './initial.js';
import { POLICIES, type PolicyValues } from './policies.js';
import { always, lives, sometimes, steps } from './promises.js';
import { access, translate } from './rules/access.js';
import { attach, lookup, map, sync, unmap } from './rules/driver.js';
import { writeContext, writeEntry, writeProcess } from './rules/memory.js';
import { complete, submit, wait } from './rules/queue.js';
import type { Op, Setup, State } from './state.js';
import { view } from './view.js';

export const hardware: Profile<State, Op, PolicyValues, Setup> = {
  name: 'hardware',
  title:
    "Translation caches: what may be stale between a device's request and memory, and what a driver owes",
  rules: {
    write_entry: writeEntry,
    write_context: writeContext,
    write_process: writeProcess,
    submit,
    wait,
    complete,
    access,
    translate,
    attach,
    map,
    unmap,
    sync,
    lookup,
  },
  retired: [],
  policies: POLICIES,
  initial,
  always,
  sometimes,
  steps,
  lives,
  aims: { always: [], steps: [], lives: [] },
  view,
};
