// Which machine do the scenarios of the 2011 review speak of?

import type { Choices, Hardware } from '../../impl/vfio-2011/configuration.js';
import { type Faults, NO_FAULTS } from '../../impl/vfio-2011/faults.js';
import { Vfio2011 } from '../../impl/vfio-2011/machine.js';

export const A = 0;
export const B = 1;
export const C = 2;
export const a = 0;
export const b = 1;
export const c = 2;
/** Two processes; the first may lock 2^20 pages, the second 8. */
export const P = 0;
export const Q = 1;
export const READ = 1;
export const WRITE = 2;
export const RW = 3;

export const HARDWARE: Hardware = {
  groups: [
    { bus: 'pci', id: 0, coherent: true },
    { bus: 'pci', id: 1, coherent: true },
    { bus: 'pci', id: 2, coherent: true },
  ],
  devices: [
    { group: A, driver: 'vfio' },
    { group: B, driver: 'vfio' },
    { group: C, driver: 'vfio' },
  ],
  lockLimits: [2 ** 20, 8],
  timeout: 0,
};

export interface Given {
  readonly hardware?: Partial<Hardware>;
  readonly choices?: Partial<Choices>;
  readonly faults?: Faults;
  readonly pages?: number;
}

/** Three groups of one device each, all bound to vfio, and a group handle of process P on each. */
export function bench(given: Given = {}) {
  const vfio = new Vfio2011({
    hardware: { ...HARDWARE, ...given.hardware },
    choices: given.choices ?? {},
    faults: given.faults ?? NO_FAULTS,
    handles: 64,
    arena: given.pages ?? 64,
    iotlbSets: 4,
  });
  const fd = [A, B, C].map(g => vfio.openGroup(g, P));
  const names = ['A', 'B', 'C'];
  /** Who is together, and every counter: of groups and devices as kept, of contexts by their members. */
  const counts = () => {
    const contexts = names.map((_, g) => vfio.group(g).context);
    const sets = [...new Set(contexts.filter(x => x >= 0))].map(x =>
      names.filter((_, g) => contexts[g] === x).join(''),
    );
    return {
      sets: sets.join(' '),
      groups: names.map((_, g) => vfio.group(g).refs).join(' '),
      devices: names.map((_, d) => vfio.device(d).refs).join(' '),
      contexts: contexts.map(x => (x < 0 ? 0 : vfio.context(x).refs)).join(' '),
    };
  };
  return { vfio, fd: fd as [number, number, number], counts, tables: () => vfio.tablePages };
}

/** Faults that fire once, at step `at` of one kind, after `arm`. */
export function oneFault(): Faults & { arm(point: Parameters<Faults['fails']>[0], at?: number): void } {
  let armed: { point: string; left: number } | null = null;
  return {
    arm(point, at = 0) {
      armed = { point, left: at };
    },
    fails(point, tries) {
      if (armed === null || armed.point !== point) return -1;
      const at = armed.left;
      if (at < tries) {
        armed = null;
        return at;
      }
      armed.left -= tries;
      return -1;
    },
  };
}
