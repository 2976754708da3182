// Where does a device's access arrive, through a window of its PE or of a guest?

import { oneAt } from '../../kit/runs.js';
import { always } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { values } from '../entries.js';
import { protOf } from '../guest-tce.js';
import { windowNumbered } from '../guest-window.js';
import { entryOf } from '../pages.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';
import { reached, staleReached } from '../translation.js';
import { about, linux, type Rule } from './ioctl.js';

type Dma = Extract<Op, { op: 'dma' }>;
type GuestDma = Extract<Op, { op: 'guest_dma' }>;

const qemu = (at: string) => cite('qemu', at);

const groupOf = (s: State, o: Dma): number => s.devices[o.device]!.group;

/** Does the PE look at its windows at all? It always does, unless a domain were something of the hardware. */
const looks = (s: State, o: Dma, p: PolicyValues): boolean =>
  p['domain-is'] === 'software' || s.groups[groupOf(s, o)]!.domain === 'platform';

const onDma = about<Dma>(
  'dma',
  linux('pnv_pci_ioda2_set_window'),
  linux('asm/tce.h: TCE_PCI_READ, TCE_PCI_WRITE'),
  qemu('pnv_phb4_translate_tve'),
);

export const dma: readonly Rule<Dma>[] = [
  onDma.must(
    'no-device',
    'ENODEV',
    'The device must be in the machine.',
    (s, o) => o.device >= s.devices.length || s.devices[o.device]!.state === 'absent',
    { cite: [cite('ours', 'ADR-0004: what the law leaves to others')] },
  ),
  onDma.mayEnd(
    'not-told',
    'A PE whose TCE cache was not invalidated may go on using a stale entry.',
    (s, o) => ({
      outcome: { is: 'ok', paddr: staleReached(s, groupOf(s, o), o.iova, o.access)! },
      state: s,
    }),
    (s, o, p) => looks(s, o, p) && staleReached(s, groupOf(s, o), o.iova, o.access) !== null,
    { cite: [linux('pnv_pci_ioda2_tce_invalidate')], status: 'disputed' },
  ),
  onDma.ends(
    'translated',
    'An access that a live entry of a window permits, or that a bypass window holds, reaches that memory; the offset in the page is kept.',
    (s, o) => ({
      outcome: { is: 'ok', paddr: reached(s, groupOf(s, o), o.iova, o.access)! },
      state: s,
    }),
    (s, o, p) => looks(s, o, p) && reached(s, groupOf(s, o), o.iova, o.access) !== null,
  ),
  onDma.ends(
    'fault',
    'Every other access faults: no window holds the address, or its entry does not permit that kind of access.',
    s => ({ outcome: { is: 'fault' }, state: s }),
    always,
    { cite: [linux('pnv_pci_ioda2_unset_window'), qemu('pnv_phb4_translate_tve')] },
  ),
];

/** What a guest's window makes of an address: a guest address, or null for a fault. */
function through(s: State, o: GuestDma): bigint | null {
  const w = windowNumbered(s, o.liobn);
  const { shift, offset: start, size } = s.windows[w]!;
  // What of a window passes 2^64 is there for hypercalls, and on no bus.
  const index = entryOf(o.ioba, shift) - start;
  if (index < 0 || index >= size) return null;
  const tce = oneAt(s.shadow[w]!, index, values)?.tce ?? 0n;
  if (!protOf(tce).includes(o.access === 'read' ? 'r' : 'w')) return null;
  const offset = (1n << BigInt(shift)) - 1n;
  return (tce & ~offset) | (o.ioba & offset);
}

const onGuestDma = about<GuestDma>('guest_dma', qemu('spapr_tce_translate_iommu'));

export const guestDma: readonly Rule<GuestDma>[] = [
  onGuestDma.must(
    'unknown-window',
    'ENODEV',
    'The guest must have a window of that LIOBN.',
    (s, o) => windowNumbered(s, o.liobn) < 0,
    { cite: [cite('ours', 'ADR-0004: what the law leaves to others')] },
  ),
  onGuestDma.ends(
    'translated',
    "An access that the guest's entry permits, bit for bit, reaches that guest address.",
    (s, o) => ({ outcome: { is: 'ok', paddr: through(s, o)! }, state: s }),
    (s, o) => through(s, o) !== null,
  ),
  onGuestDma.ends('fault', 'Every other access faults.', s => ({ outcome: { is: 'fault' }, state: s })),
];
