// Which inner steps are the calls made of, so that a machine can be built with one of them done wrong?
import * as containers from './containers.js';
import type { Steps } from './core.js';
import * as dynamic from './dynamic.js';
import * as hardware from './hardware.js';
import * as hypercalls from './hypercalls.js';
import * as kvm from './kvm.js';
import * as mapping from './mapping.js';
import * as ownership from './ownership.js';
import * as regions from './regions.js';
import * as rtas from './rtas.js';

/**
 * The seam at which defects are seeded: every machine calls these steps through its own table, and
 * `Options.steps` puts others in the place of some. They are the steps that check, write, count, tell and let go;
 * what a device's access does is not among them.
 */
export const STEPS: Steps = {
  storedProt: hardware.storedProt,
  putEntry: hardware.putEntry,
  clearEntries: hardware.clearEntries,
  clearTable: hardware.clearTable,
  emptyEntries: hardware.emptyEntries,
  letGo: hardware.letGo,
  tell: hardware.tell,
  unpoint: hardware.unpoint,
  freeIfUnused: hardware.freeIfUnused,
  leave: containers.leave,
  settle: containers.settle,
  joinRefused: containers.joinRefused,
  dropTable: dynamic.dropTable,
  accountOf: dynamic.accountOf,
  windowGeometry: dynamic.windowGeometry,
  check: mapping.check,
  registered: mapping.registered,
  newRegion: regions.newRegion,
  letGoOfRegion: regions.letGoOfRegion,
  sweep: regions.sweep,
  largestPage: regions.largestPage,
  addDefaultWindow: rtas.addDefaultWindow,
  dropWindow: rtas.dropWindow,
  unlink: kvm.unlink,
  fits: kvm.fits,
  takeOver: ownership.takeOver,
  indexOf: hypercalls.indexOf,
  validate: hypercalls.validate,
  tellAll: hypercalls.tellAll,
};
