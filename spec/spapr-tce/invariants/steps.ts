// What may a single step change, and what must it leave alone?

import { span } from '../../kit/pages.js';
import { without } from '../../kit/runs.js';
import type { Table } from '../../kit/table.js';
import type { StepProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import { tces } from '../entries.js';
import { containerNamed } from '../group.js';
import { windowNumbered, windowsOn } from '../guest-window.js';
import type { PolicyValues } from '../policies.js';
import type { Op, Run, State } from '../state.js';

type Step = StepProperty<State, Op, PolicyValues>;

const linux = (at: string) => cite('linux-tce', at);

/** Clauses of batches that stop in the middle, where the law says so. */
const STOP_IN_THE_MIDDLE: readonly string[] = [
  'h_put_tce_indirect/poison-outside-memory',
  'h_put_tce_indirect/stops-at-end',
  'h_stuff_tce/stops-at-end',
  'map/not-memory',
  'map/not-registered',
  'map/page-too-large',
  'create_window/less-than-a-page',
  'create_window/firmware-fails',
  'create_window/second-dynamic',
];

export function sameRuns(a: Table<Run>, b: Table<Run>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  return a.reduce((same: boolean, r, at) => {
    const o = b.get(at);
    return same && o.count === r.count && o.frame === r.frame && o.prot === r.prot && o.ua === r.ua;
  }, true);
}

/** Rows of the tables that a container had before the step. */
const ownRows = (s: State, name: number): readonly number[] => {
  const c = s.containers[containerNamed(s, name)];
  return c === undefined ? [] : [c.window0, c.window1];
};

/** Outside the range of a map or unmap, are the entries of every table that was there the same? */
function onlyInRange(before: State, op: Extract<Op, { op: 'map' | 'unmap' }>, after: State): boolean {
  return before.tables.every((t, row) => {
    if (t.kind === 'free') return true;
    const [old, now] = [before.entries[row]!, after.entries[row]!];
    if (sameRuns(old, now)) return true;
    if (!ownRows(before, op.container).includes(row)) return false;
    const from = Number(op.iova >> BigInt(t.shift)) - t.offset;
    const count = Number(op.size >> BigInt(t.shift));
    const grain = tces(t.shift);
    return sameRuns(without(old, span(from, count), grain), without(now, span(from, count), grain));
  });
}

/** The policy leaves it to the dialect, and the dialect to QEMU. */
const byQemu = (p: PolicyValues): boolean => p['default-window'] === 'by-dialect' && p.dialect !== 'strict';

export const steps: readonly Step[] = [
  {
    id: 'refusal/changes-nothing',
    says: 'A refused call leaves the very same state, but for batches that stop in the middle, and for firmware that has failed once.',
    cite: [cite('ours', 'ADR-0007: a refusal changes nothing')],
    holds: (before, _, after) =>
      after.outcome.is !== 'refused' || after.state === before || STOP_IN_THE_MIDDLE.includes(after.rule),
  },
  {
    id: 'map/only-its-range',
    says: 'Mapping and unmapping change no entry outside their range.',
    cite: [linux('tce_iommu_build_v2, tce_iommu_clear')],
    holds: (before, op, after) =>
      before === after.state ||
      (op.op !== 'map' && op.op !== 'unmap') ||
      onlyInRange(before, op, after.state),
  },
  {
    id: 'container/leaves-others-alone',
    says: 'No command on a container changes an entry of a table that is not its own.',
    cite: [linux('tce_iommu_find_table')],
    holds: (before, op, after) =>
      before === after.state ||
      !('container' in op) ||
      before.entries.every(
        (runs, row) =>
          before.tables[row]!.kind === 'free' ||
          ownRows(before, op.container).includes(row) ||
          before.tables[row]!.kind === 'kernel' ||
          sameRuns(runs, after.state.entries[row]!),
      ),
  },
  {
    id: 'kernel/leaves-users-alone',
    says: "No call of the kernel's own DMA API changes an entry of a user's table.",
    cite: [linux('spapr_tce_iommu_ops')],
    holds: (before, op, after) =>
      before === after.state ||
      (op.op !== 'kernel_map' && op.op !== 'kernel_unmap') ||
      before.entries.every(
        (runs, row) => before.tables[row]!.kind !== 'container' || sameRuns(runs, after.state.entries[row]!),
      ),
  },
  {
    id: 'default-window/comes-back',
    says: 'When the last window of a guest bridge was removed, and it was another than the default one, the default one is there. QEMU does otherwise.',
    cite: [cite('papr', 'ibm,remove-pe-dma-window')],
    holds: (before, op, after, p) => {
      if (op.op !== 'ddw_remove' || before === after.state || byQemu(p)) return true;
      const w = before.windows[windowNumbered(before, op.liobn)]!;
      const b = before.guestBridges[w.bridge]!;
      const isDefault = w.slot === 0 && w.shift === 12 && w.offset === b.low && w.size === b.lowSize;
      return isDefault || windowsOn(after.state, w.bridge).length > 0;
    },
  },
];
