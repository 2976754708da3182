// What does the command queue promise, and when?
import { chapter } from '../../kit/chapter.js';
import type { Clause } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { completed, exists, rangeIsOfLeaves, submitted, waited } from '../commands.js';
import type { PolicyValues } from '../policies.js';
import type { Pick, State } from '../state.js';

type Rule<K extends 'submit' | 'wait' | 'complete'> = Clause<State, Pick<K>, PolicyValues>;

const ok = { is: 'ok' } as const;
const VT_D = cite('vt-d', '6.5.2 Queued Invalidation Interface');
const SMMU = cite('smmu-v3', '4 Commands');
const RISC_V = cite('riscv-iommu', 'In-memory queues: Command-Queue');
const AMD = cite('linux-7.2', 'drivers/iommu/amd/iommu.c: build_inv_iommu_pages, build_completion_wait');

const submitting = chapter<State, Pick<'submit'>, PolicyValues>('submit', VT_D, SMMU, RISC_V, AMD);
export const submit: readonly Rule<'submit'>[] = [
  submitting.must(
    'no-such-command',
    'EINVAL',
    'The architecture has no command like this: what it names is not what its commands are selective by.',
    (s, o) => !exists(s.iommu, o.command),
  ),
  submitting.must(
    'range-of-leaves',
    'EINVAL',
    'Without the extension NL, a command of RISC-V that names a range takes leaves out of the caches and no pointers at tables.',
    (s, o) => rangeIsOfLeaves(s.iommu, o.command),
    { cite: [cite('riscv-iommu', 'Extensions: Non-leaf PTE Invalidation')] },
  ),
  submitting.ends(
    'queued',
    'The command is in the queue; nothing is promised of it before a wait behind it has completed.',
    (s, o) => ({ outcome: ok, state: submitted(s, o.command) }),
  ),
];

const waiting = chapter<State, Pick<'wait'>, PolicyValues>('wait', VT_D, SMMU, RISC_V, AMD);
export const wait: readonly Rule<'wait'>[] = [
  waiting.ends('queued', 'A wait stands behind every command that was queued before.', s => ({
    outcome: ok,
    state: waited(s),
  })),
];

const completing = chapter<State, Pick<'complete'>, PolicyValues>(
  'complete',
  cite('riscv-iommu', 'In-memory queues: IOMMU Command-queue Fence commands'),
  cite('linux-7.2', 'drivers/iommu/intel/dmar.c: qi_submit_sync'),
);
export const complete: readonly Rule<'complete'>[] = [
  completing.must(
    'nothing-waits',
    'EINVAL',
    'Without a wait in the queue none completes.',
    s => s.caches.after.length === 0,
  ),
  completing.ends(
    'done',
    'Every command before the wait is done: what it takes out is not used any more, unless it came in again since.',
    s => ({ outcome: ok, state: completed(s) }),
  ),
];
