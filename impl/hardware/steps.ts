// Which inner steps are the calls made of, so that a machine can be built with one of them done wrong?

import type { Steps } from './core.js';
import * as driver from './driver.js';
import * as queue from './queue.js';

/** The machine's own. `Options.steps` puts others in the place of some. */
export const STEPS: Steps = {
  forgetWays: queue.forgetWays,
  forgetProcesses: queue.forgetProcesses,
  forgetTranslations: queue.forgetTranslations,
  forgetInDevice: queue.forgetInDevice,
  permits: (_, cached, access) => (cached & access) !== 0,
  pageUnder: (_, first, page, size) => first + (page % 2 ** size),
  spaceOf: (core, tag, process) => core.caches.spaceOf(tag, process),
  blockOf: driver.blockOf,
  devicesIn: driver.devicesIn,
  owe: driver.owe,
  rangeOf: driver.rangeOf,
  waitForAll: driver.waitForAll,
  putWay: driver.putWay,
  free: driver.free,
  mapPages: driver.mapPages,
  unmapPages: driver.unmapPages,
};
