// Which units are walked together, and which derived values come before which?
import type { Entities, Entity } from './entities.js';
import { grouped, Joint, type Member } from './joint.js';
import type { Read } from './log.js';
import { Scan } from './scans.js';
import type { Leaf } from './trie.js';
import type { CheckLeaf, CheckUnit, OpLeaf, OpUnit } from './units.js';
import type { View, ViewLeaf, Views } from './views.js';

/** Units behind one tree. */
export type Cluster =
  | { readonly kind: 'view'; readonly level: number; readonly joint: Joint<View, ViewLeaf> }
  | { readonly kind: 'check'; readonly joint: Joint<CheckUnit, CheckLeaf> }
  | { readonly kind: 'op'; readonly joint: Joint<OpUnit, OpLeaf> };

/** A promise that is broken, or a `sometimes` that is seen. */
export interface Finding {
  readonly id: string;
  readonly kind: CheckUnit['kind'] | 'step';
}

/** What the engine works for: the units of a world, and whoever hears of findings. */
export interface Task {
  readonly views: Views;
  readonly base: readonly Entity[];
  readonly ops: readonly OpUnit[];
  readonly checks: readonly CheckUnit[];
  resolveOp(unit: OpUnit): OpLeaf;
  resolveCheck(unit: CheckUnit): CheckLeaf;
  /** At which state. */
  found(finding: Finding, state: number): void;
}

/** Groups the units by a sample of states. Groups of operations and checks are kept: they have counts. */
export function clustersOf(
  task: Task,
  sample: readonly Int32Array[],
  levels: ReadonlyMap<Entity, number>,
  kept: readonly Cluster[],
): readonly Cluster[] {
  const { codeOf } = task.views;
  const resolveView = (v: View): ViewLeaf => {
    codeOf(v.entity);
    return v.trie.find(codeOf)!;
  };
  const views = task.views.list.filter(v => v.scan === undefined);
  const clusters: Cluster[] = [];
  for (const level of [...new Set(views.map(v => levels.get(v.entity)!))].sort((a, b) => a - b)) {
    const mine = views.filter(v => levels.get(v.entity) === level);
    for (const group of groupsOf(task, sample, mine, resolveView))
      clusters.push({ kind: 'view', level, joint: new Joint(group, resolveView, codeOf) });
  }
  if (kept.length > 0) return [...clusters, ...kept.filter(c => c.kind !== 'view')];
  for (const group of groupsOf(task, sample, task.checks, u => task.resolveCheck(u)))
    clusters.push({ kind: 'check', joint: new Joint(group, u => task.resolveCheck(u), codeOf) });
  for (const group of groupsOf(task, sample, task.ops, u => task.resolveOp(u)))
    clusters.push({ kind: 'op', joint: new Joint(group, u => task.resolveOp(u), codeOf) });
  return clusters;
}

function groupsOf<M extends Member<Leaf>>(
  task: Task,
  sample: readonly Int32Array[],
  units: readonly M[],
  resolve: (unit: M) => Leaf,
): readonly (readonly M[])[] {
  const { views } = task;
  const leaves = units.map(() => new Int32Array(sample.length));
  const reads: (readonly Read[])[] = [];
  sample.forEach((codes, j) => {
    views.look(codes);
    units.forEach((unit, i) => {
      leaves[i]![j] = resolve(unit).id;
      if (j === 0) reads.push(unit.trie.path(views.codeOf));
    });
  });
  return grouped(
    units,
    units.map((unit, i) => ({ unit, leaves: leaves[i]!, reads: reads[i] ?? [] })),
  );
}

/** A derived value comes after those that it reads; folds come first. */
export function levelsOf(list: readonly View[], views: Views): Map<Entity, number> {
  const levels = new Map<Entity, number>();
  const visit = (view: View, above: readonly View[]): number => {
    const known = levels.get(view.entity);
    if (known !== undefined) return known;
    if (above.includes(view)) throw new Error(`the selector ${view.entity.name} rests on itself`);
    let level = 0;
    if (view.scan === undefined)
      for (const inner of views.innerOf(view)) level = Math.max(level, visit(inner, [...above, view]) + 1);
    levels.set(view.entity, level);
    return level;
  };
  for (const view of list) visit(view, []);
  return levels;
}

/** The folds of each field. */
export function scansOf(list: readonly View[], entities: Entities): Scan[] {
  const fields = [...new Set(list.flatMap(v => (v.scan === undefined ? [] : [v.scan.field])))];
  return fields.map(
    field =>
      new Scan(
        field,
        list.filter(v => v.scan?.field === field),
        entities,
      ),
  );
}
