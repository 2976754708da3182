// What is there at the first moment, and how does a machine get back to it?
import type { Core } from './core.js';
import { addKernelTable, dropTables } from './hardware.js';
import { ABSENT, type Group, PRESENT } from './objects.js';
import { joins, operates } from './ownership.js';
import { addDefaultWindow, dropWindow } from './rtas.js';

/** The first moment: devices that are there have been probed, the kernel has its tables, a guest its default windows. */
export function boot(core: Core): void {
  const { hardware, groups, devices } = core;
  for (let name = 0; name < hardware.groups.length; name++) {
    const group: Group = {
      name,
      exists: true,
      blocked: false,
      container: null,
      windows: [null, null],
      bypass: hardware.bypass > 0n,
      refs: 1,
      failed: false,
      remembered: [new Map(), new Map()],
      kills: 0,
    };
    groups.push(group);
    addKernelTable(core, group);
  }
  hardware.devices.forEach((device, d) => {
    devices[d] = device.present ? PRESENT : ABSENT;
    if (device.present) joins(core, groups[device.group], operates(core, device.bridge));
  });
  hardware.guest?.bridges.forEach((_, b) => {
    addDefaultWindow(core, b);
  });
}

/** Back to the first moment; all tables give their memory back. */
export function restart(core: Core): void {
  for (const window of [...core.windows.values()]) dropWindow(core, window);
  dropTables(core);
  core.groups.length = 0;
  core.containers.clear();
  core.regions.clear();
  core.orphans.clear();
  core.locked.fill(0);
  boot(core);
}
