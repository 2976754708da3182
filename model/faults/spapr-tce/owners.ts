// What goes wrong when a group changes hands between the kernel and a user?
import { EBUSY, EINVAL, EPERM } from '../../../impl/errno.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { calls, fault, linuxSays, steps } from './seed.js';

const nothing = (): void => {};

export const owners: readonly FaultyMachine[] = [
  fault(
    'group/incompatible-joins',
    'A group whose tables are made in another way joins the container, and walks tables that it cannot read.',
    synthetic('tce_iommu_attach_group without the comparison of create_table'),
    ['tce-kinds', 'outcome.is', 5],
    steps(own => ({
      joinRefused: (core, container, group) => {
        const refused = own.joinRefused(core, container, group);
        return refused === -EPERM && group.blocked && group.container === null ? 0 : refused;
      },
    })),
  ),
  fault(
    'group/not-emptied',
    'The attach of the blocking domain leaves the mappings of the kernel where they were.',
    history('Review of blocking domains for POWER, 2022: what must be empty when attach returns'),
    ['tce-mapped', 'groups.0.windows.0', 1],
    steps(() => ({ takeOver: nothing })),
  ),
  fault(
    'group/refused-and-yet-changed',
    'A group that cannot be taken since it has mappings has lost the mark on its first entry, which is given out then.',
    linuxSays('powerpc/iommu: Fix IOMMU ownership control functions'),
    ['tce-ownership', 'outcome.is', 3, { 'blocking-attach': 'refuses-live' }],
    () => ({
      calls: own =>
        class extends own {
          private readonly unmarked = new Set<number>();
          override reset(): void {
            this.unmarked.clear();
            super.reset();
          }
          override claim(group: number): number {
            const result = super.claim(group);
            if (result === -EBUSY && !this.core.groups[group]?.blocked) this.unmarked.add(group);
            return result;
          }
          override kernelMap(group: number, iova: bigint, paddr: bigint, size: bigint, prot: number): number {
            const result = super.kernelMap(group, iova, paddr, size, prot);
            const table = this.core.groups[group]?.windows[0];
            if (result !== -EBUSY || iova !== 0n || !this.unmarked.has(group) || !table) return result;
            this.core.steps.putEntry(this.core, table, 0, Number(paddr >> 12n), 3, 0);
            return 0;
          }
        },
    }),
  ),
  fault(
    'group/kernel-maps-for-a-user',
    "The kernel goes on giving out addresses of a group that was taken, in its user's table.",
    linuxSays('powerpc/iommu: Fix IOMMU ownership control functions'),
    ['tce-ownership', 'outcome.is', 5],
    calls(
      own =>
        class extends own {
          override kernelMap(...call: Parameters<InstanceType<typeof own>['kernelMap']>): number {
            const result = super.kernelMap(...call);
            const group = this.core.groups[call[0]];
            if (result !== -EPERM || !group?.windows[0]) return result;
            group.blocked = false;
            const mapped = super.kernelMap(...call);
            group.blocked = true;
            return mapped;
          }
        },
    ),
  ),
  fault(
    'group/reserved-page-lost-on-release',
    'The page at bus address 0, which is never given out, is not reserved again when the kernel gets a group back.',
    history('Linux, iommu_table_release_pages and iommu_table_reserve_pages: why release reserves anew'),
    ['tce-ownership', 'outcome.is', 3],
    () => ({
      calls: own =>
        class extends own {
          private readonly back = new Set<number>();
          override reset(): void {
            this.back.clear();
            super.reset();
          }
          override release(group: number): number {
            const result = super.release(group);
            if (result === 0) this.back.add(group);
            return result;
          }
          override kernelMap(group: number, iova: bigint, paddr: bigint, size: bigint, prot: number): number {
            const result = super.kernelMap(group, iova, paddr, size, prot);
            const table = this.core.groups[group]?.windows[0];
            if (result !== -EBUSY || iova !== 0n || !this.back.has(group) || !table) return result;
            this.core.steps.putEntry(this.core, table, 0, Number(paddr >> 12n), 3, 0);
            return 0;
          }
        },
    }),
  ),
  fault(
    'device/not-coherent-and-taken',
    'VFIO takes a device whose DMA is not coherent, as nobody asks for the capability.',
    linuxSays('powerpc/iommu: Add "borrowing" iommu_table_group_ops, and the capability before it'),
    ['tce-devices', 'outcome.is', 2],
    calls(
      own =>
        class extends own {
          override bind(device: number): number {
            const result = super.bind(device);
            const present = this.core.devices[device] === 1;
            if (result !== -EINVAL || !present) return result;
            this.core.devices[device] = 2;
            return 0;
          }
        },
    ),
  ),
];
