// Where does a device's access end up, through a window of its endpoint or of a guest?

import { oneAt } from '../../kit/runs.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { values } from '../entries.js';
import { indexOf, protOf } from '../guest-tce.js';
import { windowNumbered } from '../guest-window.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';
import { reached, staleReached } from '../translation.js';
import type { Rule } from './ioctl.js';

type Dma = Extract<Op, { op: 'dma' }>;
type GuestDma = Extract<Op, { op: 'guest_dma' }>;

const linux = (at: string) => cite('linux-tce', at);
const qemu = (at: string) => cite('qemu', at);

const groupOf = (s: State, o: Dma): number => s.devices[o.device]!.group;

/** Does the endpoint look at its windows at all? It always does, unless a domain were something of the hardware. */
const looks = (s: State, o: Dma, p: PolicyValues): boolean =>
  p['domain-is'] === 'software' || s.groups[groupOf(s, o)]!.domain === 'platform';

export const dma: readonly Rule<Dma>[] = [
  refuse(
    'ENODEV',
    {
      id: 'dma/no-device',
      says: 'A device that is not in the machine makes no access.',
      cite: [cite('ours', 'ADR-0004: what the law leaves to others')],
    },
    (s, o) => o.device >= s.devices.length || s.devices[o.device]!.state === 'absent',
  ),
  ending(
    {
      id: 'dma/not-told',
      says: 'An endpoint that was not told of a change may go on using the old entry.',
      cite: [linux('pnv_pci_ioda2_tce_invalidate')],
      status: 'disputed',
      kind: 'may',
    },
    (s, o) => ({
      outcome: { is: 'ok', paddr: staleReached(s, groupOf(s, o), o.iova, o.access)! },
      state: s,
    }),
    (s, o, p) => looks(s, o, p) && staleReached(s, groupOf(s, o), o.iova, o.access) !== null,
  ),
  ending(
    {
      id: 'dma/translated',
      says: 'An access that a live entry of a window permits, or that a bypass window holds, reaches that memory: the offset within the page is kept.',
      cite: [
        linux('pnv_pci_ioda2_set_window'),
        linux('asm/tce.h: TCE_PCI_READ, TCE_PCI_WRITE'),
        qemu('pnv_phb4_translate_tve'),
      ],
    },
    (s, o) => ({
      outcome: { is: 'ok', paddr: reached(s, groupOf(s, o), o.iova, o.access)! },
      state: s,
    }),
    (s, o, p) => looks(s, o, p) && reached(s, groupOf(s, o), o.iova, o.access) !== null,
  ),
  ending(
    {
      id: 'dma/fault',
      says: 'Every other access faults: no window holds the address, or its entry does not permit that kind of access.',
      cite: [linux('pnv_pci_ioda2_unset_window'), qemu('pnv_phb4_translate_tve')],
    },
    s => ({ outcome: { is: 'fault' }, state: s }),
  ),
];

/** What a guest's window makes of an address: a guest address, or null for a fault. */
function through(s: State, o: GuestDma): bigint | null {
  const w = windowNumbered(s, o.liobn);
  const { shift, size } = s.windows[w]!;
  const index = indexOf(s, w, o.ioba);
  if (index < 0 || index >= size) return null;
  const tce = oneAt(s.shadow[w]!, index, values)?.tce ?? 0n;
  if (!protOf(tce).includes(o.access === 'read' ? 'r' : 'w')) return null;
  const offset = (1n << BigInt(shift)) - 1n;
  return (tce & ~offset) | (o.ioba & offset);
}

export const guestDma: readonly Rule<GuestDma>[] = [
  refuse(
    'ENODEV',
    {
      id: 'guest_dma/unknown-window',
      says: 'A window that the guest does not have is used by nobody.',
      cite: [cite('ours', 'ADR-0004: what the law leaves to others')],
    },
    (s, o) => windowNumbered(s, o.liobn) < 0,
  ),
  ending(
    {
      id: 'guest_dma/translated',
      says: "An access that the guest's entry permits, bit for bit, reaches that guest address.",
      cite: [qemu('spapr_tce_translate_iommu')],
    },
    (s, o) => ({ outcome: { is: 'ok', paddr: through(s, o)! }, state: s }),
    (s, o) => through(s, o) !== null,
  ),
  ending(
    {
      id: 'guest_dma/fault',
      says: 'Every other access faults.',
      cite: [qemu('spapr_tce_translate_iommu')],
    },
    s => ({ outcome: { is: 'fault' }, state: s }),
  ),
];
