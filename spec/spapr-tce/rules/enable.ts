// What does a container of version 1 charge, and what does either version say about its groups?

import { addressOf } from '../../kit/pages.js';
import { patch, patchAt } from '../../kit/record.js';
import { hostPages, overLimit } from '../account.js';
import { latestGroup } from '../group.js';
import type { Group, Op, State } from '../state.js';
import {
  about,
  argument,
  boundHere,
  containerOf,
  hasGroup,
  isOpen,
  linux,
  ofVersion,
  type Rule,
  rowOf,
} from './ioctl.js';

type Enable = Extract<Op, { op: 'enable' }>;
type Disable = Extract<Op, { op: 'disable' }>;
type Info = Extract<Op, { op: 'info' }>;

const latest = (s: State, o: { readonly container: number }): Group => s.groups[latestGroup(s, rowOf(s, o))]!;

const onEnable = about<Enable>('enable', linux('tce_iommu_enable'));

export const enable: readonly Rule<Enable>[] = [
  isOpen('enable'),
  boundHere('enable'),
  ofVersion('enable', 1),
  onEnable.must(
    'enabled',
    'EBUSY',
    'The container must not be enabled yet.',
    (s, o) => containerOf(s, o).enabled,
  ),
  hasGroup('enable', 'ENODEV'),
  onEnable.must(
    'over-limit',
    'ENOMEM',
    'The whole 32-bit window is charged at once, whatever will be mapped, and must stay within the limit.',
    (s, o) => overLimit(s, o.mm, hostPages(s, latest(s, o).size)),
    { cite: [linux('tce_iommu_enable: tce32_size')] },
  ),
  onEnable.ends(
    'enabled-now',
    'The window is charged, the container may map, and it is bound to the address space.',
    (s, o) => ({
      outcome: { is: 'ok' },
      state: patch(s, {
        containers: patchAt(s.containers, rowOf(s, o), {
          enabled: true,
          mm: o.mm,
          locked: hostPages(s, latest(s, o).size),
        }),
      }),
    }),
  ),
];

export const disable: readonly Rule<Disable>[] = [
  isOpen('disable'),
  boundHere('disable'),
  ofVersion('disable', 1),
  about<Disable>('disable', linux('tce_iommu_disable')).ends(
    'disabled',
    'The charge is given back and the container may not map any more; what is mapped stays.',
    (s, o) => ({
      outcome: { is: 'ok' },
      state: containerOf(s, o).enabled
        ? patch(s, { containers: patchAt(s.containers, rowOf(s, o), { enabled: false, locked: 0 }) })
        : s,
    }),
  ),
];

const onInfo = about<Info>('info', linux('VFIO_IOMMU_SPAPR_TCE_GET_INFO'));

export const info: readonly Rule<Info>[] = [
  isOpen('info'),
  boundHere('info'),
  hasGroup('info', 'ENXIO'),
  ...argument<Info>('info'),
  onInfo.ends(
    'with-dynamic-windows',
    'Version 2 answers the 32-bit window of the group that joined last, and what dynamic windows it can have.',
    (s, o) => {
      const { start, size, windows, pageSizes, levels } = latest(s, o);
      return {
        outcome: { is: 'ok', start: addressOf(start), size: addressOf(size), windows, pageSizes, levels },
        state: s,
      };
    },
    (s, o) => containerOf(s, o).version === 2 && latest(s, o).windows > 0,
    { cite: [linux('VFIO_IOMMU_SPAPR_TCE_GET_INFO: VFIO_IOMMU_SPAPR_INFO_DDW')] },
  ),
  onInfo.ends('answered', 'The answer is the 32-bit window of the group.', (s, o) => {
    const { start, size } = latest(s, o);
    return { outcome: { is: 'ok', start: addressOf(start), size: addressOf(size) }, state: s };
  }),
];
