// On which machine can calls have been made that name devices, and groups by nothing but a file?
import type { Machine } from '../../spec/protocol/vfio-type1.js';
import { MEMORY } from './witnesses.js';

interface Device {
  readonly name: string;
  /** Files of groups by which it was asked for, and by which it was opened. */
  readonly asked: Set<number>;
  readonly opened: Set<number>;
  /** It was never anything but ENODEV. */
  missing: boolean;
}

/**
 * Devices that one group's file opened are in one group; any other device that was asked for has a group of its own,
 * and a driver of the kernel beside it if its file was refused with EPERM.
 */
export class Named {
  private readonly devices: Device[] = [];
  private readonly refused = new Set<number>();
  private resets = true;

  /** The position of a device. */
  device(name: string): number {
    const at = this.devices.findIndex(d => d.name === name);
    if (at >= 0) return at;
    return this.devices.push({ name, asked: new Set(), opened: new Set(), missing: true }) - 1;
  }

  asked(name: string, file: number, errno: string | undefined): number {
    const at = this.device(name);
    const device = this.devices[at]!;
    if (errno !== 'ENODEV') {
      device.missing = false;
      device.asked.add(file);
    }
    if (errno === undefined) device.opened.add(file);
    return at;
  }

  joined(file: number, errno: string | undefined): void {
    if (errno === 'EPERM') this.refused.add(file);
  }

  reset(errno: string | undefined): void {
    if (errno !== undefined) this.resets = false;
  }

  made(spaces: number): Machine {
    const groups: Set<number>[] = [];
    const own = this.devices.map(d => {
      const known = groups.findIndex(files => [...d.opened].some(f => files.has(f)));
      const group = known < 0 ? groups.length : known;
      if (known < 0) groups.push(new Set(d.opened));
      else for (const f of d.opened) groups[known]!.add(f);
      const driver = d.missing ? ('absent' as const) : ('vfio' as const);
      return { name: d.name.slice(0, 64), group, driver, ...(this.resets ? {} : { reset: false }) };
    });
    const kernel = this.devices.flatMap((d, at) =>
      d.opened.size === 0 && [...d.asked].some(f => this.refused.has(f)) ? [own[at]!.group] : [],
    );
    const others = kernel.map(group => ({
      name: `another of group ${group}`,
      group,
      driver: 'kernel' as const,
    }));
    // A group that nobody asked a device of.
    const spare = { name: 'a device', group: groups.length, driver: 'vfio' as const };
    const reserved = [{ start: 0xfee0_0000n, size: 0x10_0000n }];
    return {
      iommus: [{ driver: 'vtd', aperture: { start: 0n, end: (1n << 48n) - 1n }, pageSizes: 0x40201000n }],
      groups: [...groups, new Set()].map((_, id) => ({ id, behind: 0, reserved })),
      devices: [...own, ...others, spare],
      mms: Array.from({ length: spaces }, () => ({ lockLimit: null, memory: [MEMORY] })),
    };
  }
}
