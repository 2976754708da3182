// Which thread made each step, and which locks did it hold meanwhile?
import type { Change, Story } from '../../conformance/index.js';
import { fields, list, text } from './reading.js';

export interface Lanes {
  /** By number. */
  readonly threads: readonly string[];
  readonly steps: readonly LaneStep[];
  readonly held: readonly Held[];
}

export interface LaneStep {
  readonly at: number;
  readonly thread: number;
  /** The clause's own word for the step. */
  readonly says: string;
  readonly bad: boolean;
}

/** A lock from the step that takes it to the step that gives it back. */
export interface Held {
  readonly lock: string;
  readonly thread: number;
  readonly from: number;
  readonly to: number;
}

/** Undefined where calls are not made by threads. */
export function lanesOf(story: Story): Lanes | undefined {
  const { steps, machine, broken, parting } = story;
  const threadOf = (op: unknown): unknown => fields(op)['thread'];
  if (steps.length === 0 || !steps.every(s => typeof threadOf(s.op) === 'number')) return undefined;
  const doing = list(fields(machine)['threads']).map(fields);
  const ends = broken !== undefined || parting !== undefined;
  return {
    threads: doing.map((t, i) => `thread ${i}: ${text(t['does'])} device ${text(t['device'])}`),
    steps: steps.map((s, at) => ({
      at,
      thread: threadOf(s.op) as number,
      says: (s.rules[0] ?? s.call).replace(/^step\//, ''),
      bad: ends && at === steps.length - 1,
    })),
    held: heldIn(story),
  };
}

/** `group.lock`, `world.probeLock`, `devices.0.lock`: who holds it, -1 nobody. */
const isLock = ({ path }: Change): boolean => /^(?:lock|\w+Lock)$/.test(path.at(-1) ?? '');

function nameOf(path: readonly string[]): string {
  const [what, at] = path;
  if (what === 'devices') return `device ${at} mutex`;
  if (what === 'group') return 'group mutex';
  return (path.at(-1) ?? '').replace(/Lock$/, ' lock');
}

function heldIn({ steps }: Story): readonly Held[] {
  const open = new Map<string, { readonly thread: number; readonly from: number }>();
  const held: Held[] = [];
  steps.forEach((step, at) => {
    for (const change of (step.changes ?? []).filter(isLock)) {
      const lock = nameOf(change.path);
      const was = open.get(lock);
      if (was !== undefined) held.push({ lock, ...was, to: at });
      open.delete(lock);
      const thread = change.after;
      if (typeof thread === 'number' && thread >= 0) open.set(lock, { thread, from: at });
    }
  });
  // What is still held at the end is drawn to the end.
  for (const [lock, was] of open) held.push({ lock, ...was, to: steps.length });
  return held.sort((a, b) => a.from - b.from);
}
