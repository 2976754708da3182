// On which machine can a log have been taken? What it shows of groups and devices, and a plain machine for the rest.
import type { Machine } from '../../spec/protocol/vfio-type1.js';
import { MEMORY } from './witnesses.js';

interface Group {
  readonly id: number;
  /** Somebody opened it, so one of its devices is bound to VFIO. */
  opened: boolean;
  /** SET_CONTAINER said EPERM: a device of it has a driver of the kernel. */
  notViable: boolean;
}

/** Collects what a log shows. An IOMMU of 48 bits is behind everything. */
export class Machines {
  private readonly groups: Group[] = [];
  /** By the name of a descriptor in the recording: its group. */
  private readonly of = new Map<number, number>();
  private resets = true;
  private waiting = -1;

  /** The position of the group whose node is `node`; `errno`: the open was refused. */
  group(node: string, errno: string | undefined): number {
    const id = Number(node.replace('noiommu-', '')) % 65_536;
    const known = this.groups.findIndex(g => g.id === id);
    const at = known < 0 ? this.groups.length : known;
    if (known < 0) this.groups.push({ id, opened: false, notViable: false });
    if (errno !== 'ENOENT') this.groups[at]!.opened = true;
    this.waiting = at;
    return at;
  }

  /** The group that was opened last has this descriptor. */
  named(handle: number): void {
    this.of.set(handle, this.waiting);
  }

  joined(handle: number, errno: string | undefined): void {
    const at = this.of.get(handle);
    if (errno === 'EPERM' && at !== undefined) this.groups[at]!.notViable = true;
  }

  reset(errno: string | undefined): void {
    if (errno !== undefined) this.resets = false;
  }

  made(spaces: number): Machine {
    const own = this.groups.map((g, group) => [
      {
        name: `a device of group ${g.id}`,
        group,
        driver: g.opened ? ('vfio' as const) : ('none' as const),
        ...(this.resets ? {} : { reset: false }),
      },
      ...(g.notViable ? [{ name: `another of group ${g.id}`, group, driver: 'kernel' as const }] : []),
    ]);
    const reserved = [{ start: 0xfee0_0000n, size: 0x10_0000n }];
    return {
      iommus: [{ driver: 'vtd', aperture: { start: 0n, end: (1n << 48n) - 1n }, pageSizes: 0x40201000n }],
      groups: this.groups.map(({ id }) => ({ id, behind: 0, reserved })),
      devices: own.flat(),
      mms: Array.from({ length: spaces }, () => ({ lockLimit: null, memory: [MEMORY] })),
    };
  }
}
