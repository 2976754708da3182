// What is plugged in at the first moment, and how does a machine get back there?
import type { Core } from './core.js';
import { track } from './members.js';
import { DRIVERS, UNTRACKED } from './objects.js';
import { plugIn } from './plugging.js';

/** The first moment: what is plugged in is tracked, in the order of the hardware's list; nothing is open. */
export function boot(core: Core): void {
  const { hardware, groups, devices, contexts, spaces } = core;
  devices.clear();
  groups.clear();
  contexts.clear();
  spaces.locked.fill(0);
  core.timeout = hardware.timeout;
  core.sleepers = 0;
  for (let g = 0; g < groups.count; g++) groups.hardware[g] = g;
  hardware.devices.forEach((device, d) => {
    const driver = DRIVERS.indexOf(device.driver);
    if (device.driver === 'absent' || device.group < 0) track(core, d, driver, UNTRACKED);
    else plugIn(core, d, driver);
  });
}

/** Back to the first moment. Handles from before stay stale, and tables give their pages back. */
export function restart(core: Core): void {
  core.handles.reset();
  for (let c = 0; c < core.contexts.count; c++) if (core.contexts.open[c] !== 0) core.translator.destroy(c);
  boot(core);
}
