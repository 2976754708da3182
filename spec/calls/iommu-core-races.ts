// Which calls does a random walk of iommu-core-races make, and on which machines?
import type { Machine, Op } from '../protocol/iommu-core-races.js';
import type { Calls } from './calls.js';

const thread = (does: Machine['threads'][number]['does'], device: number, open: number | null = null) => ({
  does,
  device,
  open,
});

/** The one call is a step of a thread: any of them, now and then one that is not there. */
export const iommuCoreRacesCalls: Calls<Machine, unknown, Op> = {
  machines: {
    'attach, unplug and invalidate': {
      devices: [
        { present: true, attached: false },
        { present: true, attached: true },
      ],
      threads: [thread('attach', 0), thread('unplug', 1), thread('invalidate', 1)],
    },
    'two probes and an attach while a device is open': {
      devices: [
        { present: false, attached: false },
        { present: false, attached: false },
        { present: true, attached: true },
      ],
      threads: [thread('probe', 0), thread('probe', 1), thread('detach', 2, 2)],
    },
  },
  next: (machine, _, d) => ({
    op: 'step',
    thread: d.rarely(24) ? Math.min(63, machine.threads.length) : d.next(Math.max(1, machine.threads.length)),
  }),
};
