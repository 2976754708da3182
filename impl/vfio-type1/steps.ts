// Which inner steps are the calls made of, so that a machine can be built with one of them done wrong?
import * as containers from './containers.js';
import type { Steps } from './core.js';
import * as dmas from './dmas.js';
import * as drivers from './drivers.js';
import * as files from './files.js';
import * as groups from './groups.js';
import * as iova from './iova.js';
import * as mapping from './mapping.js';
import * as pinning from './pinning.js';
import * as type1 from './type1.js';

/** The machine's own. `Options.steps` puts others in the place of some. */
export const STEPS: Steps = {
  claim: groups.claim,
  releaseOwner: groups.releaseOwner,
  detachContainer: groups.detachContainer,
  useContainer: groups.useContainer,
  unuseContainer: groups.unuseContainer,
  lookUp: groups.lookUp,
  lastClose: groups.lastClose,
  releaseFile: files.releaseFile,
  canLeave: drivers.canLeave,
  removeGroup: drivers.removeGroup,
  backendFor: containers.backendFor,
  sharedDomain: type1.sharedDomain,
  replay: type1.replay,
  apertureConflict: iova.apertureConflict,
  reservedConflict: iova.reservedConflict,
  excludeReserved: iova.excludeReserved,
  expandAperture: iova.expandAperture,
  isValid: iova.isValid,
  pin: pinning.pin,
  account: pinning.account,
  room: pinning.room,
  mapInto: dmas.mapInto,
  unmapFrom: dmas.unmapFrom,
  reaccount: dmas.reaccount,
  find: dmas.find,
  bisects: dmas.bisects,
  tell: dmas.tell,
  remove: dmas.remove,
  reported: dmas.reported,
  remark: dmas.remark,
  changeOwner: mapping.changeOwner,
};
