// What goes wrong in iommu-core only when calls run at the same time, and which histories show it?
import { type Doing, setEntry } from '../../../impl/iommu-core/core.js';
import type { Op, Setup } from '../../../spec/iommu-core/state.js';
import { IOMMU_CORE_WORLDS } from '../../worlds/iommu-core.js';
import { type FaultHistory, type FaultyMachine, history, synthetic } from '../fault.js';
import { linux } from '../seeding.js';
import { together } from './seed.js';

/** A few calls, two threads on top of them, and which of the driver's calls fails while they run. */
function calls(
  name: string,
  world: string,
  before: readonly Op[],
  threads: readonly (readonly Op[])[],
  failing: readonly number[] = [],
): FaultHistory {
  const setup = IOMMU_CORE_WORLDS.find(w => w.name === world)?.setup as Setup;
  // Calls of the drafts are among them: aux domains, and domains of a bus.
  return { name, setup, before, threads, failing, policies: { release: 'drafts' } };
}

const probe = (device: number): Op => ({ op: 'probe', device });
const claim = (owner: number): Op => ({ op: 'claim_group', group: 0, owner });
const attach = (group: number): Op => ({ op: 'attach_group', group, domain: 0 });
const alloc: Op = { op: 'alloc_by_group', group: 0, as: 0 };
const attachPasid: Op = { op: 'attach_pasid', device: 0, domain: 0, pasid: 1, handle: 1 };

/** The fewest calls first. Of each all interleavings are tried. */
export const histories: readonly FaultHistory[] = [
  calls('probe-and-bind', 'drivers', [], [[probe(0)], [{ op: 'bind', device: 0, managed: false }]]),
  calls('two-probes', 'drivers', [], [[probe(0)], [probe(1)]]),
  calls('two-claims', 'drivers', [probe(0)], [[claim(0)], [claim(1)]]),
  calls(
    'lookup-in-an-attach-that-fails',
    'pasids',
    [probe(0), alloc],
    [[attachPasid], [{ op: 'handle_get', group: 0, pasid: 1, kind: null }]],
    [1],
  ),
  calls('attach-and-free', 'handles', [probe(0), alloc], [[attach(0)], [{ op: 'free_domain', domain: 0 }]]),
  calls(
    'first-attach-decides-the-format',
    'strangers',
    [probe(0), probe(2), { op: 'alloc_by_bus', bus: 0, as: 0 }],
    [[attach(0)], [attach(2)]],
    [0],
  ),
  calls(
    'number-of-an-attach-that-fails',
    'pasid-numbers',
    [probe(0), probe(1), { op: 'aux_enable', device: 0 }, alloc],
    [[{ op: 'aux_attach', device: 0, domain: 0, mdev: null }], [{ op: 'pasid_alloc', device: 1 }]],
    [2],
  ),
];

export const concurrent: readonly FaultyMachine[] = [
  together(
    'lock/two-drivers-at-once',
    'A driver is bound while its device is being probed, and nobody has counted it when the probe is done.',
    linux('211ff31b3d33', 'devices are probed in parallel without a lock over all probes'),
    ['probe-and-bind', 2],
    'probing',
  ),
  together(
    'lock/group-is-not-locked',
    'Calls on one group run into each other: a driver is bound in the middle of a probe, two owners both get it.',
    history('Review of "iommu: Add iommu_group_replace_domain()", 2022: "how does locking work there?"'),
    ['probe-and-bind', 2],
    'group',
  ),
  together(
    'lock/a-lock-by-group-for-what-domains-share',
    'Groups have a lock each, and change what they share, the format of a domain, without another.',
    history('Linux between 7.0 and 7.2, dma-iommu.c: the MSI pages of a domain under the lock of one group'),
    ['first-attach-decides-the-format', 5],
    'format',
  ),
  together(
    'lock/freed-while-attached',
    'A domain is freed while a call that was given its name is under way.',
    synthetic('who frees does not wait for whoever has the name'),
    ['attach-and-free', 4],
    'freeing',
  ),
  together(
    'lock/numbers-are-seen-half-way',
    'The PASID of an attach that fails is seen to be taken, by a call that gets another one for it.',
    synthetic('no lock over the numbers while one is taken and may be given back'),
    ['number-of-an-attach-that-fails', 6],
    'numbers',
  ),
  together(
    'lock/entry-stored-first',
    'The entry of a PASID is stored before the hardware has it, and found by whoever looks without a lock.',
    linux('5e9f822c9c68', 'pasid_array is set before the driver has attached the domain'),
    ['lookup-in-an-attach-that-fails', 4],
    undefined,
    {
      steps: own => ({
        programAll: function* (core, group, pasid, domain, before): Doing {
          if (before === undefined) setEntry(core, group, pasid, domain, 1);
          const error = yield* own.programAll(core, group, pasid, domain, before);
          if (before === undefined) setEntry(core, group, pasid, undefined, -1);
          return error;
        },
      }),
    },
  ),
];
