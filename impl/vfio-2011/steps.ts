// Which inner steps are the calls made of, so that a machine can be built with one of them done wrong?
import * as contexts from './contexts.js';
import type { Steps } from './core.js';
import * as mapping from './mapping.js';
import * as members from './members.js';
import * as merging from './merging.js';
import * as plugging from './plugging.js';

/**
 * The seam at which defects are seeded: every machine calls these steps through its own table, and
 * `Options.steps` puts others in the place of some. They are the steps that open, count, undo, wake and let
 * go. What map, unmap and dma do on their fast ways is not among them and costs nothing for it.
 */
export const STEPS: Steps = {
  isViable: members.isViable,
  inUse: members.inUse,
  leaveContext: members.leaveContext,
  countGroupHandle: members.countGroupHandle,
  countDeviceHandle: members.countDeviceHandle,
  untrack: members.untrack,
  openContext: contexts.openContext,
  attachGroup: contexts.attachGroup,
  detachGroup: contexts.detachGroup,
  closeContext: contexts.closeContext,
  letGoOf: contexts.letGoOf,
  wake: contexts.wake,
  freeGroup: contexts.freeGroup,
  mayJoin: merging.mayJoin,
  sendBack: merging.sendBack,
  refusalToLeave: merging.refusalToLeave,
  attachNewcomer: plugging.attachNewcomer,
  held: plugging.held,
  deviceGone: plugging.deviceGone,
  pinAndMap: mapping.pinAndMap,
};
