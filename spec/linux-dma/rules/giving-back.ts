// What may a line say about the addresses that a driver gives back to the DMA API?
import { always, ending, refuse } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { isStrict, type Policies } from '../policies.js';
import { happened, type State } from '../state.js';
import { freed, givenBack, handleOf, held } from '../users.js';
import { outside } from './handing-out.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'dma_unmap' | 'dma_free'>;

const BACK = [
  cite('linux', 'kernel/dma/mapping.c: dma_unmap_page_attrs, dma_unmap_sg_attrs, dma_free_attrs'),
  cite('linux', 'kernel/dma/debug.c: check_unmap'),
];
const STRICT = [cite('linux', 'drivers/iommu/dma-iommu.c: __iommu_dma_unmap')];

export const givingBack: Chapter = {
  dma_unmap: [
    ...outside<Extract<Op, { op: 'dma_unmap' }>>('dma-unmap'),
    ending(
      {
        id: 'dma-unmap/list',
        says: 'The line of a scatter list names no DMA address; its unmap line follows.',
        cite: BACK,
      },
      s => happened(s),
      (_s, op) => op.via === 'sg',
    ),
    refuse(
      'ENOENT',
      {
        id: 'dma-unmap/not-handed-out',
        says: 'Only what was handed out is given back: same device, address and size.',
        cite: BACK,
      },
      (s, op) => op.segments.some(g => handleOf(s, { device: op.device, ...g }) === undefined),
    ),
    ending(
      {
        id: 'dma-unmap/done',
        says: 'When the line appears the range is unmapped, and in strict mode out of the hardware.',
        cite: [...BACK, ...STRICT],
      },
      (s, op, p) => happened(givenBack(s, op, isStrict(s.machine.mode, p))!),
      (s, op, p) => givenBack(s, op, isStrict(s.machine.mode, p)) !== undefined,
    ),
    refuse(
      'EBUSY',
      {
        id: 'dma-unmap/before-invalidation',
        says: 'In strict mode the driver gets its memory back only when no device can reach it any more.',
        cite: STRICT,
      },
      (s, op) => givenBack(s, op, false) !== undefined,
    ),
    refuse(
      'EBUSY',
      {
        id: 'dma-unmap/while-mapped',
        says: 'The driver gets its memory back only after the domain stopped translating to it.',
        cite: BACK,
      },
      always,
    ),
  ],
  dma_free: [
    ...outside<Extract<Op, { op: 'dma_free' }>>('dma-free'),
    refuse(
      'ENOENT',
      {
        id: 'dma-free/not-handed-out',
        says: 'Only a buffer that was handed out is freed: same device, address and size.',
        cite: BACK,
      },
      (s, op) => handleOf(s, op) === undefined,
    ),
    ending(
      {
        id: 'dma-free/done',
        says: 'The line comes before the unmap: the buffer is still mapped.',
        cite: BACK,
      },
      (s, op) => happened(freed(s, op)),
      (s, op) => held(s, op) !== undefined,
    ),
    refuse(
      'EFAULT',
      { id: 'dma-free/not-mapped', says: 'A buffer is mapped until it is freed.', cite: BACK },
      always,
    ),
  ],
};
