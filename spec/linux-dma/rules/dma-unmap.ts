// What may a line say about the addresses that a driver gives back to the DMA API?

import { chapter } from '../../kit/chapter.js';
import { always } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { freed, givenBack, handleOf, held } from '../dma-api.js';
import { isStrict, type Policies } from '../policies.js';
import { happened, type State } from '../state.js';
import { outside } from './dma-map.js';
import { pastUnknown } from './late.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'dma_unmap' | 'dma_free'>;

const BACK = [
  cite('linux-6.12', 'kernel/dma/mapping.c: dma_unmap_page_attrs, dma_unmap_sg_attrs, dma_free_attrs'),
  cite('linux-7.2', 'kernel/dma/mapping.c: dma_unmap_phys, dma_unmap_sg_attrs, dma_free_attrs'),
  cite('linux-6.12-7.2', 'kernel/dma/debug.c: check_unmap'),
];
const NULL = [
  cite(
    'linux-6.12-7.2',
    'kernel/dma/mapping.c: dma_free_attrs: the line is printed before the test of cpu_addr',
  ),
];
const STRICT = [cite('linux-5.10-7.2', 'drivers/iommu/dma-iommu.c: __iommu_dma_unmap')];

const dmaUnmap = chapter<State, Extract<Op, { op: 'dma_unmap' }>, Policies>('dma-unmap', ...BACK);
const dmaFree = chapter<State, Extract<Op, { op: 'dma_free' }>, Policies>('dma-free', ...BACK);

export const givingBack: Chapter = {
  dma_unmap: [
    pastUnknown('dma-unmap'),
    ...outside<Extract<Op, { op: 'dma_unmap' }>>('dma-unmap'),
    dmaUnmap.ends(
      'list',
      'The line of a scatterlist names no DMA address; its unmap line follows.',
      s => happened(s),
      (_s, op) => op.via === 'sg',
    ),
    dmaUnmap.must(
      'not-handed-out',
      'ENOENT',
      'Only what was handed out is given back: same device, address and size.',
      (s, op) => op.segments.some(g => handleOf(s, { device: op.device, ...g }) === undefined),
    ),
    dmaUnmap.ends(
      'done',
      'When the line appears the range is unmapped, and in strict mode out of the hardware.',
      (s, op, p) => happened(givenBack(s, op, isStrict(s.machine.mode, p))!),
      (s, op, p) => givenBack(s, op, isStrict(s.machine.mode, p)) !== undefined,
      { cite: [...BACK, ...STRICT] },
    ),
    dmaUnmap.must(
      'before-invalidation',
      'EBUSY',
      'In strict mode the driver gets its memory back only when no device can reach it any more.',
      (s, op) => givenBack(s, op, false) !== undefined,
      { cite: STRICT },
    ),
    dmaUnmap.must(
      'while-mapped',
      'EBUSY',
      'The driver gets its memory back only after the domain stopped translating to it.',
      always,
    ),
  ],
  dma_free: [
    pastUnknown('dma-free'),
    ...outside<Extract<Op, { op: 'dma_free' }>>('dma-free'),
    dmaFree.ends(
      'nothing',
      'A buffer of no bytes was never handed out: its line says nothing.',
      s => happened(s),
      (_s, op) => op.size === 0n,
      { cite: NULL },
    ),
    dmaFree.must(
      'not-handed-out',
      'ENOENT',
      'Only a buffer that was handed out is freed: same device, address and size.',
      (s, op) => handleOf(s, op) === undefined,
    ),
    dmaFree.ends(
      'done',
      'The line comes before the unmap: the buffer is still mapped.',
      (s, op) => happened(freed(s, op)),
      (s, op) => held(s, op) !== undefined,
    ),
    dmaFree.must('not-mapped', 'EFAULT', 'A buffer is mapped until it is freed.', always),
  ],
};
