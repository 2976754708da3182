// Which machine do the scenarios of the IOMMU core speak of?

import type { Choices, DeviceSetup, Hardware, InstanceSetup } from '../../impl/iommu-core/configuration.js';
import type { FaultPoint, Faults } from '../../impl/iommu-core/faults.js';
import { IommuCore } from '../../impl/iommu-core/machine.js';

/** The group g has the devices d1 and d2, the group h the device e. */
export const g = 0;
export const h = 1;
export const d1 = 0;
export const d2 = 1;
export const e = 2;
export const o1 = 1;
export const o2 = 2;

const INSTANCE: InstanceSetup = {
  driver: 'vt-d',
  blocked: true,
  identity: true,
  sizes: 0b1_000_000_001,
  limit: 2 ** 27,
  coherent: true,
  enforces: true,
  dirty: false,
  msi: true,
  pasids: 16,
  aux: true,
};

const DEVICE: DeviceSetup = {
  bus: 0,
  instance: 0,
  group: g,
  pasids: 8,
  direct: false,
  deferred: false,
  wants: 'any',
  parent: -1,
};

export interface Given {
  readonly instances?: readonly Partial<InstanceSetup>[];
  readonly devices?: readonly Partial<DeviceSetup>[];
  readonly groups?: number;
  readonly defaultType?: Hardware['defaultType'];
  readonly choices?: Partial<Choices>;
  readonly probed?: boolean;
}

/** One call of a driver that fails, chosen by its number among all of its sort, or among all. */
export class OneFault implements Faults {
  readonly asked: { readonly point: FaultPoint; readonly device: number }[] = [];
  private armed: { readonly point: FaultPoint | 'any'; left: number } | undefined;

  arm(point: FaultPoint | 'any', left = 0): void {
    this.armed = { point, left };
    this.asked.length = 0;
  }

  fails(point: FaultPoint, device: number): boolean {
    this.asked.push({ point, device });
    if (this.armed === undefined || (this.armed.point !== 'any' && this.armed.point !== point)) return false;
    if (this.armed.left-- > 0) return false;
    this.armed = undefined;
    return true;
  }
}

/** Two groups, of two devices and of one, all probed. */
export function bench(given: Given = {}) {
  const faults = new OneFault();
  const core = new IommuCore({
    faults,
    choices: given.choices ?? {},
    hardware: {
      instances: (given.instances ?? [{}]).map(i => ({ ...INSTANCE, ...i })),
      devices: (given.devices ?? [{}, {}, { group: h }]).map(d => ({ ...DEVICE, ...d })),
      groups: given.groups ?? 2,
      defaultType: given.defaultType ?? 'dma',
      spaces: 2,
    },
  });
  const devices = core.core.devices.length;
  if (given.probed !== false) for (let d = 0; d < devices; d++) core.probe(d);
  /** All that can be seen of it, by looking. */
  const seen = (...domains: readonly number[]) => ({
    devices: core.core.devices.map(d => core.device(d.index)),
    groups: core.core.groups.map(at => core.group(at.index)),
    domains: domains.map(at => core.domain(at)),
    spaces: core.core.spaces.map(s => core.space(s.index)),
    free: core.core.domains.size,
  });
  return { core, faults, seen };
}
