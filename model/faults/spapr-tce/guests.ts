// What goes wrong with the hypercalls on a guest's window?
import { highOf, lowOf } from '../../../impl/spapr-tce/addresses.js';
import { H_PARAMETER, H_SUCCESS } from '../../../impl/spapr-tce/hypercalls.js';
import type { GuestWindow } from '../../../impl/spapr-tce/objects.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { calls, fault, linuxSays, steps } from './seed.js';

const PERMISSIONS = 3n;

/** What QEMU was seen to answer where PAPR and KVM refuse. */
const executed = (what: string) => history(`QEMU 10.0, ${what} (executed)`);

export const guests: readonly FaultyMachine[] = [
  fault(
    'batch/range-wraps',
    'The end of a batch is computed in 64 bits, and one that wraps around looks as if it ended in the window.',
    synthetic('iommu_tce_check_ioba without the check that ioba + npages is not below ioba'),
    ['tce-batches-kvm', 'outcome.is', 2],
    steps(own => ({
      indexOf: (core, window, ioba, count) => {
        const index = own.indexOf(core, window, ioba, 1);
        const end = (index + count) % 2 ** 64;
        return index >= 0 && end <= window.size ? index : own.indexOf(core, window, ioba, count);
      },
    })),
  ),
  fault(
    'batch/stuff-gives-permission',
    'H_STUFF_TCE takes a value that permits something, and writes it where nobody has looked at its memory.',
    executed('h_stuff_tce: any value is taken'),
    ['tce-batches-kvm', 'outcome.is', 2],
    calls(
      own =>
        class extends own {
          override hStuffTce(liobn: bigint, ioba: bigint, tce: bigint, count: bigint): number {
            const result = super.hStuffTce(liobn, ioba, tce, count);
            const window = this.core.windows.get(liobn);
            if (result === H_SUCCESS || window === undefined) return result;
            const poisoned = super.hStuffTce(liobn, ioba, tce & ~PERMISSIONS, count);
            const index = this.core.steps.indexOf(this.core, window, ioba, 1);
            if (poisoned === H_SUCCESS) window.values.fill(index, Number(count), highOf(tce), lowOf(tce));
            return poisoned;
          }
        },
    ),
  ),
  fault(
    'batch/address-rounded-down',
    'An address within a page is taken for that page.',
    executed('put_tce_emu: ioba is rounded down'),
    ['tce-batches-strict', 'outcome.is', 2],
    steps(own => ({
      indexOf: (core, window, ioba, count) => {
        const page = 1n << BigInt(window.shift);
        return own.indexOf(core, window, ioba - (ioba % page), count);
      },
    })),
  ),
  fault(
    'batch/written-up-to-the-end',
    'A list that runs over the end of the window is refused after what lies in the window was written.',
    executed('h_put_tce_indirect: the entries in range stay'),
    ['tce-batches-strict', 'guestWindows.0x100.tces.0', 2],
    calls(
      own =>
        class extends own {
          override hPutTceIndirect(...call: Parameters<InstanceType<typeof own>['hPutTceIndirect']>): number {
            const result = super.hPutTceIndirect(...call);
            const [liobn, ioba, list, count, tces] = call;
            const window = this.core.windows.get(liobn);
            if (result !== H_PARAMETER || window === undefined || BigInt(tces.length) !== count)
              return result;
            const { indexOf } = this.core.steps;
            const fits = indexOf(this.core, window, ioba, tces.length) >= 0;
            const room = window.size - indexOf(this.core, window, ioba, 1);
            if (!fits && room < tces.length)
              super.hPutTceIndirect(liobn, ioba, list, BigInt(room), tces.slice(0, room));
            return result;
          }
        },
    ),
  ),
  fault(
    'batch/page-size-found-too-late',
    'Whether pages are large enough is found out when an entry of a list is written, and those before it stay.',
    linuxSays('KVM: PPC: Validate TCEs against preregistered memory page sizes'),
    ['tce-guest-sizes', 'groups.0.windows.0.tces.0', 10],
    calls(
      own =>
        class extends own {
          override hPutTceIndirect(...call: Parameters<InstanceType<typeof own>['hPutTceIndirect']>): number {
            const result = super.hPutTceIndirect(...call);
            const [liobn, ioba, list, , tces] = call;
            const window = this.core.windows.get(liobn);
            if (result === H_SUCCESS || window === undefined) return result;
            const { validate } = this.core.steps;
            const taken = (where: GuestWindow, tce: bigint): boolean =>
              validate(this.core, where, highOf(tce), lowOf(tce)) === H_SUCCESS;
            const bad = tces.findIndex(tce => !taken(window, tce));
            const small = [...window.links].map(
              ([group, table]) => [group, { ...table, shift: 12 }] as const,
            );
            if (bad > 0 && taken({ ...window, links: new Map(small) }, tces[bad]!))
              super.hPutTceIndirect(liobn, ioba, list, BigInt(bad), tces.slice(0, bad));
            return result;
          }
        },
    ),
  ),
  fault(
    'batch/one-page-of-sixteen-cleared',
    'Where an entry of the guest is sixteen of the hardware, a clear reaches the first of them.',
    synthetic('kvmppc_tce_iommu_unmap without the loop over subpages'),
    ['tce-subpages', 'groups.0.windows.0.tces.0', 8],
    steps((own, now) => ({
      clearEntries: (core, table, index, count) =>
        own.clearEntries(core, table, index, now.op === 'h_stuff_tce' ? Math.ceil(count / 16) : count),
    })),
  ),
  fault(
    'entry/offset-of-an-int',
    'The mask of a page is computed in an int, which has no bit for pages of 2 GiB and more.',
    linuxSays('powerpc/iommu: DMA address offset is incorrectly calculated with 2MB TCEs'),
    ['tce-huge-pages', 'outcome.paddr', 3],
    calls(
      own =>
        class extends own {
          override guestDma(liobn: bigint, ioba: bigint, access: number): bigint {
            const reached = super.guestDma(liobn, ioba, access);
            const shift = this.core.windows.get(liobn)?.shift ?? 12;
            const page = (1n << BigInt(shift)) - 1n;
            const int = BigInt(((1 << shift) - 1) >>> 0);
            return reached < 0n ? reached : (reached & ~page) | (ioba & int);
          }
        },
    ),
  ),
];
