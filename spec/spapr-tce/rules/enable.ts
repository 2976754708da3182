// What does a container of version 1 charge, and what does either version tell about its groups?

import { addressOf } from '../../kit/pages.js';
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { hostPages, overLimit } from '../account.js';
import { latestGroup } from '../group.js';
import type { Group, Op, State } from '../state.js';
import {
  argument,
  boundHere,
  containerOf,
  hasGroup,
  isOpen,
  ofVersion,
  type Rule,
  rowOf,
  vfio,
} from './ioctl.js';

type Enable = Extract<Op, { op: 'enable' }>;
type Disable = Extract<Op, { op: 'disable' }>;
type Info = Extract<Op, { op: 'info' }>;

const latest = (s: State, o: { readonly container: number }): Group => s.groups[latestGroup(s, rowOf(s, o))]!;

export const enable: readonly Rule<Enable>[] = [
  isOpen('enable'),
  boundHere('enable'),
  ofVersion('enable', 1),
  refuse(
    'EBUSY',
    { id: 'enable/enabled', says: 'A container is enabled once.', cite: [vfio('tce_iommu_enable')] },
    (s, o) => containerOf(s, o).enabled,
  ),
  hasGroup('enable', 'ENODEV'),
  refuse(
    'ENOMEM',
    {
      id: 'enable/over-limit',
      says: 'The whole 32-bit window is charged at once, whatever will be mapped, and must stay within the limit.',
      cite: [vfio('tce_iommu_enable: tce32_size')],
    },
    (s, o) => overLimit(s, o.mm, hostPages(s, latest(s, o).size)),
  ),
  ending(
    {
      id: 'enable/enabled-now',
      says: 'The window is charged, mapping is allowed, and the container belongs to the address space.',
      cite: [vfio('tce_iommu_enable')],
    },
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
  ending(
    {
      id: 'disable/disabled',
      says: 'What was charged is given back and mapping is not allowed any more; what is mapped stays.',
      cite: [vfio('tce_iommu_disable')],
    },
    (s, o) => ({
      outcome: { is: 'ok' },
      state: containerOf(s, o).enabled
        ? patch(s, { containers: patchAt(s.containers, rowOf(s, o), { enabled: false, locked: 0 }) })
        : s,
    }),
  ),
];

export const info: readonly Rule<Info>[] = [
  isOpen('info'),
  boundHere('info'),
  hasGroup('info', 'ENXIO'),
  ...argument<Info>('info'),
  ending(
    {
      id: 'info/with-dynamic-windows',
      says: 'Version 2 tells the 32-bit window of the group that joined last, and what dynamic windows it can have.',
      cite: [vfio('VFIO_IOMMU_SPAPR_TCE_GET_INFO: VFIO_IOMMU_SPAPR_INFO_DDW')],
    },
    (s, o) => {
      const { start, size, windows, pageSizes, levels } = latest(s, o);
      return {
        outcome: { is: 'ok', start: addressOf(start), size: addressOf(size), windows, pageSizes, levels },
        state: s,
      };
    },
    (s, o) => containerOf(s, o).version === 2 && latest(s, o).windows > 0,
  ),
  ending(
    {
      id: 'info/answered',
      says: 'The 32-bit window of the group is told.',
      cite: [vfio('VFIO_IOMMU_SPAPR_TCE_GET_INFO')],
    },
    (s, o) => {
      const { start, size } = latest(s, o);
      return { outcome: { is: 'ok', start: addressOf(start), size: addressOf(size) }, state: s };
    },
  ),
];
