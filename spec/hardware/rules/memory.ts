// What does a write of software to tables and to the entries of devices do?

import { chapter } from '../../kit/chapter.js';
import { pageOf } from '../../kit/pages.js';
import { patch, patchAt } from '../../kit/record.js';
import type { Clause } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { processOf } from '../architecture.js';
import { observed } from '../caches.js';
import type { PolicyValues } from '../policies.js';
import { type Entry, NO_ENTRY, NO_WAY, type Pick, type State, type Way } from '../state.js';

type Rule<K extends 'write_entry' | 'write_context' | 'write_process'> = Clause<State, Pick<K>, PolicyValues>;

const ANY_TIME = cite(
  'riscv-iommu',
  'IOTINVAL: "valid at any time since the most recent IOTINVAL that subsumes that address"',
);
const UPPER = cite('riscv-iommu', 'Software guidelines: Changing device directory table entry');
const ok = { is: 'ok' } as const;

const entryOf = (e: Pick<'write_entry'>['entry']): Entry => {
  if (e.is === 'none') return NO_ENTRY;
  return e.is === 'leaf'
    ? { is: 'leaf', to: pageOf(e.paddr), prot: e.prot }
    : { is: 'table', to: e.table, prot: '' };
};

const wayOf = (e: Pick<'write_context'>['entry']): Way =>
  e.is === 'none'
    ? NO_WAY
    : { present: true, tag: e.tag, table: e.table, ats: e.ats ?? false, pasids: e.pasids ?? false };

const entry = chapter<State, Pick<'write_entry'>, PolicyValues>('write_entry', ANY_TIME);
export const writeEntry: readonly Rule<'write_entry'>[] = [
  entry.ends(
    'written',
    'The entry is in memory: what it says now may be cached from now on, and what it said before may be cached still.',
    (s, o) => {
      const slot = o.table * 2 ** s.iommu.bits + o.index;
      const now = entryOf(o.entry);
      const memory = now.is === 'none' ? s.memory.delete(slot) : s.memory.set(slot, now);
      return { outcome: ok, state: observed(patch(s, { memory })) };
    },
  ),
];

const context = chapter<State, Pick<'write_context'>, PolicyValues>('write_context', UPPER);
export const writeContext: readonly Rule<'write_context'>[] = [
  context.ends(
    'written',
    'The entry of the device is in memory; the old one may be cached still, and through it old tables may be walked.',
    (s, o) => ({
      outcome: ok,
      state: observed(patch(s, { contexts: patchAt(s.contexts, o.device, wayOf(o.entry)) })),
    }),
  ),
];

const ofProcess = chapter<State, Pick<'write_process'>, PolicyValues>(
  'write_process',
  cite('riscv-iommu', 'Software guidelines: Changing process directory table entry'),
);
export const writeProcess: readonly Rule<'write_process'>[] = [
  ofProcess.ends(
    'written',
    'The entry of the process is in memory; the old one may be cached still.',
    (s, o) => {
      const at = o.device * s.pasids.length + processOf(s, o.pasid) - 1;
      return {
        outcome: ok,
        state: observed(patch(s, { processes: patchAt(s.processes, at, wayOf(o.entry)) })),
      };
    },
  ),
];
