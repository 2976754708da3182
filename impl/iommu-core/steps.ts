// Which inner steps are the calls made of, so that a machine can be built with one of them done wrong?

import * as aux from './aux.js';
import { putGroup, type Steps } from './core.js';
import * as members from './members.js';
import * as ownership from './ownership.js';
import * as pasids from './pasid.js';
import * as setDomain from './set-domain.js';
import * as sva from './sva.js';

/**
 * The seam at which defects are seeded: every machine calls these steps through its own table, and
 * `Options.steps` puts others in the place of some. They are the steps that move, undo, count and let go; what
 * translates is not among them.
 */
export const STEPS: Steps = {
  coreDomain: setDomain.coreDomain,
  held: setDomain.held,
  moveMember: setDomain.moveMember,
  goBack: setDomain.goBack,
  blockOne: setDomain.blockOne,
  unprogram: setDomain.unprogram,
  setDomain: setDomain.setDomain,
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
  releasePasid: sva.releasePasid,
  detachFrom: aux.detachFrom,
};
