// What goes wrong with windows, the groups that share them, and who they belong to?
import { ENXIO } from '../../../impl/errno.js';
import { point } from '../../../impl/spapr-tce/hardware.js';
import type { HwTable } from '../../../impl/spapr-tce/objects.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { calls, fault, linuxSays, readIn, steps } from './seed.js';

/** Shifts of pages by their bit in the order of their sizes, which is not LoPAR's order. */
const BY_SIZE = [12, 16, 21, 24, 25, 26, 27, 28, 34];

export const windows: readonly FaultyMachine[] = [
  fault(
    'window/unset-with-entries',
    'A window is removed with what is mapped in it: the memory behind it counts as mapped for ever.',
    linuxSays('vfio/spapr: Always clear TCEs before unsetting the window'),
    ['tce-shared', 'regions.0.mapped', 6],
    steps((own, now) => ({
      clearTable: (core, table) => {
        if (now.op !== 'remove_window') own.clearTable(core, table);
      },
    })),
  ),
  fault(
    'window/left-with-entries',
    'The last group leaves a container, and what is mapped stays in the table for whoever comes next.',
    linuxSays('vfio/spapr: Always clear TCEs before unsetting the window'),
    ['tce-shared', 'containers.0.windows.0.tces.0', 6],
    steps((own, now) => ({
      clearTable: (core, table) => {
        if (now.op !== 'detach') own.clearTable(core, table);
      },
    })),
  ),
  fault(
    'window/unset-though-never-set',
    'A group that leaves has both its windows unset, though one of them was never set.',
    linuxSays("pseries/iommu: Don't unset window if it was never set"),
    ['tce-shared', 'outcome.is', 4],
    steps(own => ({
      leave: (core, container, group) => {
        for (const table of group.windows) (table as HwTable).seen = null;
        own.leave(core, container, group);
      },
    })),
  ),
  fault(
    'window/more-bits-than-hardware-splits',
    'A window is made whose levels split up more address bits than the hardware does.',
    history('Linux before 4.20, pnv_pci_ioda2_table_alloc_pages: the limit was 60 bits, and is 55'),
    ['tce-shapes', 'outcome.is', 4],
    steps(own => ({
      windowGeometry: (core, shift, size, levels, most) => {
        const geometry = own.windowGeometry(core, shift, size, levels, most);
        const wanted = size.toString(2).length - 1 - shift;
        const levelShift = Math.max(Math.ceil(wanted / levels), core.hardware.pageShift - 3);
        const bits = levelShift * levels + shift;
        if (geometry !== null || bits < 55 || bits >= 60 || levels > most) return geometry;
        return { levels, levelShift, entriesShift: wanted };
      },
    })),
  ),
  fault(
    'window/failure-stays-charged',
    'A window for which there is no memory stays on the account of its address space.',
    readIn('tce_iommu_create_table: account_locked_vm is not undone'),
    ['tce-shared', 'locked.0', 4],
    now => {
      let charged = { call: -1, pages: 0 };
      return {
        steps: own => ({
          accountOf: (core, shift, size, levels) => {
            const pages = own.accountOf(core, shift, size, levels);
            charged = { call: now.call, pages };
            return pages;
          },
        }),
        calls: own =>
          class extends own {
            override createWindow(...args: Parameters<InstanceType<typeof own>['createWindow']>) {
              const before = this.core.locked[args[1]] ?? 0;
              const made = super.createWindow(...args);
              const failed = typeof made === 'number' && charged.call === now.call;
              if (failed && this.core.locked[args[1]] === before) this.core.locked[args[1]]! += charged.pages;
              return made;
            }
          },
      };
    },
  ),
  fault(
    'window/failed-and-yet-there',
    'A window that one endpoint could not be given is left with the others, though the call failed.',
    synthetic('tce_iommu_create_window without the loop that unsets the window of every group'),
    ['tce-shared', 'groups.0.windows.0', 4],
    calls(
      own =>
        class extends own {
          override createWindow(...args: Parameters<InstanceType<typeof own>['createWindow']>) {
            const made = super.createWindow(...args);
            // What failed once does not fail again.
            if (made === -ENXIO) super.createWindow(...args);
            return made;
          }
        },
    ),
  ),
  fault(
    'window/kept-by-a-group-that-did-not-join',
    'A group whose second window cannot be programmed does not join the container, and keeps the first.',
    synthetic('tce_iommu_attach_group without the way back that unsets what was set'),
    ['tce-shared', 'groups.0.windows.0.refs', 6],
    calls(
      own =>
        class extends own {
          override attach(name: number, group: number): number {
            const result = super.attach(name, group);
            const table = this.core.containers.get(name)?.windows[0];
            const stays = this.core.groups[group];
            if (result === -ENXIO && table && stays) point(table, stays, 0);
            return result;
          }
        },
    ),
  ),
  fault(
    'window/pending-after-a-failed-attach',
    'An attach that fails leaves behind that a default window is to be made, for a container without groups.',
    readIn('tce_iommu_attach_group: def_window_pending is set on the error path, too'),
    ['tce-shared', 'containers.0.pending', 2],
    calls(
      own =>
        class extends own {
          override attach(name: number, group: number): number {
            const result = super.attach(name, group);
            const container = this.core.containers.get(name);
            if (result < 0 && container?.groups.length === 0) container.pending = true;
            return result;
          }
        },
    ),
  ),
  fault(
    'window/write-only-on-bare-metal',
    'An entry that permits writing does not permit reading on bare metal, as it was asked for.',
    synthetic('pnv_tce_build without proto_tce |= TCE_PCI_READ'),
    ['tce-shared', 'groups.0.windows.1.tces.0.prot', 6],
    steps(() => ({ storedProt: (_, prot) => prot })),
  ),
  fault(
    'firmware/default-window-gone',
    'The last window of a bridge is removed, and the default one does not come back.',
    history('QEMU 10.0, spapr: def_win of a slot is never cleared (executed)'),
    ['tce-firmware', 'guestWindows.0x80000000', 3],
    steps((own, now) => ({
      addDefaultWindow: (core, bridge) => {
        if (now.op !== 'ddw_remove') own.addDefaultWindow(core, bridge);
      },
    })),
  ),
  fault(
    'firmware/old-entries-in-the-default-window',
    'A reset brings the default window back with entries that were there before.',
    history(
      'Linux, spapr_tce_release_ownership on pseries: why a dynamic window is cleaned and not only removed',
    ),
    ['tce-firmware', 'guestWindows.0x80000000.tces.0', 2],
    steps((own, now) => {
      let left = 0;
      return {
        dropWindow: (core, window) => {
          left = now.op === 'ddw_reset' && window.slot === 0 ? window.values.read(0) : left;
          own.dropWindow(core, window);
        },
        addDefaultWindow: (core, bridge) => {
          own.addDefaultWindow(core, bridge);
          if (now.op !== 'ddw_reset' || left === 0) return;
          for (const window of core.windows.values())
            if (window.bridge === bridge && window.slot === 0) window.values.put(0, 0, left);
        },
      };
    }),
  ),
  fault(
    'firmware/page-sizes-in-order',
    'The page sizes of a bridge are told in the order of their sizes, in which 2M comes before 16M.',
    history('LoPAR, "IO Page Sizes": 2M is bit 8, behind 16G; Linux, iommu_get_page_shift'),
    ['tce-firmware', 'outcome.pageSizes', 1],
    calls(
      own =>
        class extends own {
          override ddwQuery(buid: bigint, outputs: number, wrong?: boolean) {
            const told = super.ddwQuery(buid, outputs, wrong);
            if (typeof told === 'number') return told;
            const sizes = this.core.hardware.guest?.bridges.find(b => b.buid === buid)?.pageSizes ?? 0n;
            const bits = BY_SIZE.map((shift, bit) => (((sizes >> BigInt(shift)) & 1n) === 1n ? 2 ** bit : 0));
            return { ...told, pageSizes: bits.reduce((sum, bit) => sum + bit, 0) };
          }
        },
    ),
  ),
  fault(
    'kvm/other-offset-fits',
    "A guest's window is led to a table that begins at another address.",
    synthetic('kvm_spapr_tce_attach_iommu_group without the comparison of it_offset'),
    ['tce-subpages', 'outcome.is', 7],
    steps(own => ({
      fits: (core, table, window) =>
        own.fits(core, table, { ...window, offset: table.offset / 2 ** (window.shift - table.shift) }),
    })),
  ),
  fault(
    'kvm/linked-again-and-counted-twice',
    'A table that is linked to the window already is linked again, and keeps a reference that nobody puts.',
    readIn('kvm_spapr_tce_attach_iommu_group: the reference of a table that is known already'),
    ['tce-guest', 'groups.0.windows.0.refs', 8],
    steps((own, now) => ({
      unlink: (core, window, group) => {
        const table = window.links.get(group);
        own.unlink(core, window, group);
        if (now.op === 'kvm_attach' && table !== undefined) table.guests.add({ ...window });
      },
    })),
  ),
  fault(
    'kvm/closed-and-still-linked',
    "A guest's window is closed, and the table behind it still has it.",
    history(
      'CVE-2024-41070, Linux, kvm_spapr_tce_attach_iommu_group: the window is used after its file was put',
    ),
    ['tce-guest', 'groups.0.windows.0.refs', 8],
    steps((own, now) => ({
      dropWindow: (core, window) => {
        const behind = [...window.links.values()];
        own.dropWindow(core, window);
        if (now.op === 'kvm_close') for (const table of behind) table.guests.add(window);
      },
    })),
  ),
];
