// What does the machine do that the profile has no words for: resets of the whole, bus mastering, an address without a window's number?
import type { Machine } from '../../../spec/protocol/spapr-tce.js';
import { Died } from '../qtest/host.js';
import { accessAt } from './dma.js';
import { H_GET_TCE, H_PUT_TCE, hypercall } from './hypercall.js';
import type { Pseries } from './pseries.js';
import { rtas } from './rtas.js';

/** One thing that the sources say; `otherwise`: what was seen instead. */
export interface Beside {
  readonly says: string;
  readonly source: string;
  readonly otherwise?: string;
}

const LIOBN = 0x8000_0000n;
const PAGE = 0x10_0000n;
const BOTH = 3n;
/** In both windows of the machine below, and where interrupts are written to. */
const SHARED = 0x2000_0000n;
const MSI = 0x400_0000_0000n;

/** A bridge whose second window lies in the middle of its first. */
export const BESIDE_MACHINE: Machine = {
  platform: 'pseries',
  pageShift: 16,
  bypass: 0n,
  bridges: [],
  groups: [],
  devices: [],
  mms: [{ lockLimit: null }],
  memory: [],
  guest: {
    mm: 0,
    slots: [{ gpa: 0n, ua: 0x1000_0000n, size: 1n << 28n }],
    bridges: [
      {
        buid: 0x800_0000_2000_0000n,
        low: { start: 0n, size: 0x4000_0000n },
        high: SHARED,
        pageSizes: 0x1_1000n,
        ddw: true,
      },
    ],
  },
};

const put = (m: Pseries, liobn: bigint, ioba: bigint, page: bigint) =>
  hypercall(m.host, m.layout, H_PUT_TCE, liobn, ioba, page | BOTH);

/** `ok 0x100000 by 0x80000001`, `fault`. */
async function told(m: Pseries, address: bigint): Promise<string> {
  const { outcome, liobn } = await accessAt(m, 0, 'write', address);
  const by = liobn === undefined ? '' : ` by 0x${liobn.toString(16)}`;
  const where = outcome.is === 'ok' ? ` 0x${outcome.paddr?.toString(16)}` : '';
  return `${outcome.is}${where}${by}`;
}

type Probe = readonly [says: string, source: string, expected: string, see: (m: Pseries) => Promise<string>];

/** In this order: each begins where the one before ended. The last one is the end of the machine. */
const PROBES: readonly Probe[] = [
  [
    'an access at a bus address is answered by the window that holds it',
    'spapr_phb_realize: tce-root of each slot in iommu-root',
    `ok 0x${(PAGE + 0x10n).toString(16)} by 0x80000000`,
    async m => {
      await put(m, LIOBN, SHARED, PAGE);
      return told(m, SHARED + 0x10n);
    },
  ],
  [
    'where two windows hold it, the one in slot 1 answers',
    'spapr_phb_realize: the later region of equal priority comes first',
    `ok 0x${(2n * PAGE).toString(16)} by 0x80000001`,
    async m => {
      const inputs = [0n, 0x800_0000n, 0x2000_0000n, 16n, 20n];
      await rtas(m.host, m.layout, 'ibm,create-pe-dma-window', inputs, 4);
      m.made(LIOBN | 1n, 16);
      await m.look();
      await put(m, LIOBN | 1n, SHARED, 2n * PAGE);
      return told(m, SHARED);
    },
  ],
  [
    'a device without the bus reaches nothing, and no table is looked at',
    'hw/pci/pci.c: bus_master_enable_region',
    'fault',
    async m => {
      await m.master(0, false);
      return told(m, SHARED);
    },
  ],
  [
    'with the bus again it reaches what it did',
    'hw/pci/pci.c: bus_master_enable_region',
    `ok 0x${(2n * PAGE).toString(16)} by 0x80000001`,
    async m => {
      await m.master(0, true);
      return told(m, SHARED);
    },
  ],
  [
    'a reset of the machine leaves the default window, without entries, and the device without the bus',
    'spapr_phb_reset: spapr_phb_dma_reset, spapr_tce_reset; pci_do_device_reset',
    '0x80000000 at 0x0, entry 0x0, fault',
    async m => {
      await m.reset();
      const windows = m.windows.map(w => `0x${w.liobn.toString(16)} at 0x${w.start.toString(16)}`).join();
      const { value } = await hypercall(m.host, m.layout, H_GET_TCE, LIOBN, SHARED);
      await put(m, LIOBN, SHARED, PAGE);
      return `${windows}, entry 0x${value.toString(16)}, ${await told(m, SHARED)}`;
    },
  ],
  [
    'a write of the device to the page of interrupts, under no window, ends QEMU (a known defect)',
    'spapr_msi_write, spapr_qirq: Assertion irq >= SPAPR_XIRQ_BASE',
    'died',
    async m => {
      await m.master(0, true);
      return told(m, MSI);
    },
  ],
];

/** Looks at all of it on one machine, which is as `BESIDE_MACHINE` says. */
export async function besideTheLaw(m: Pseries): Promise<readonly Beside[]> {
  const found: Beside[] = [];
  for (const [says, source, expected, see] of PROBES) {
    let seen: string;
    try {
      seen = await see(m);
    } catch (error) {
      if (!(error instanceof Died)) throw error;
      seen = 'died';
    }
    found.push(seen === expected ? { says, source } : { says, source, otherwise: seen });
  }
  return found;
}
