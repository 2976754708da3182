// Which inner steps are the calls made of, so that a machine can be built with one of them done wrong?
import * as attaching from './attaching.js';
import * as aux from './aux.js';
import { putGroup, type Steps } from './core.js';
import * as members from './members.js';
import * as ownership from './ownership.js';
import * as pasids from './pasids.js';
import * as sharing from './sharing.js';

/**
 * The seam at which defects are seeded: every machine calls these steps through its own table, and
 * `Options.steps` puts others in the place of some. They are the steps that move, undo, count and let go; what
 * translates is not among them.
 */
export const STEPS: Steps = {
  coreDomain: attaching.coreDomain,
  held: attaching.held,
  moveMember: attaching.moveMember,
  goBack: attaching.goBack,
  park: attaching.park,
  unprogram: attaching.unprogram,
  setDomain: attaching.setDomain,
  putGroup,
  letGo: members.letGo,
  setupDefault: members.setupDefault,
  take: ownership.take,
  giveUp: ownership.giveUp,
  refusal: pasids.refusal,
  takeNumber: pasids.takeNumber,
  giveNumber: pasids.giveNumber,
  inUse: pasids.inUse,
  programAll: pasids.programAll,
  attachEntry: pasids.attachEntry,
  detachEntry: pasids.detachEntry,
  bury: sharing.bury,
  detachFrom: aux.detachFrom,
};
