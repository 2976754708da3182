// What do the leaves of the tries stand for, as numbers that the generated loop reads?
import type { Cluster } from './clusters.js';
import { LEAF, NOTED } from './driver.js';
import type { Entity } from './entities.js';
import type { JointLeaf } from './joint.js';
import type { Layout } from './layout.js';
import type { Leaf } from './trie.js';
import type { CheckLeaf, CheckUnit, OpLeaf } from './units.js';
import type { ViewLeaf } from './views.js';

type Checks = Extract<Cluster, { kind: 'check' }>;

/** Masks of derived values, flags of checks, counters and differences of operations, in one array. */
export class Answers {
  data = new Int32Array(1 << 12);
  /** How often each operations answer was given since the last harvest. */
  counts = new Float64Array(1 << 10);
  private layout!: Layout;
  private used = 1;
  private readonly counted: JointLeaf<OpLeaf>[] = [];
  private readonly checksAt = new Map<
    number,
    { leaf: JointLeaf<CheckLeaf>; units: Checks['joint']['members'] }
  >();
  private readonly brokenBy = new Map<number, readonly string[]>();
  private readonly good: readonly CheckUnit[];

  constructor(
    checks: readonly CheckUnit[],
    /** Properties that need no more attention. */
    private readonly done: ReadonlySet<string>,
  ) {
    this.good = checks.filter(c => c.kind === 'good');
  }

  /** Starts anew for another layout, after what was counted has been given to the leaves. */
  clear(layout: Layout): void {
    this.harvest();
    this.layout = layout;
    this.used = 1;
    this.counted.length = 0;
    this.checksAt.clear();
    this.brokenBy.clear();
  }

  harvest(): void {
    this.counted.forEach((leaf, counter) => {
      leaf.count += this.counts[counter]!;
      this.counts[counter] = 0;
    });
  }

  /** The leaf's place, written when it is first asked for in this generation. */
  place(cluster: Cluster, leaf: JointLeaf<Leaf>, generation: number): number {
    if (leaf.generation === generation) return leaf.flat;
    leaf.generation = generation;
    if (cluster.kind === 'view') {
      const { members } = leaf as JointLeaf<ViewLeaf>;
      leaf.flat = this.masks(
        cluster.joint.members.map((v, i) => ({ entity: v.entity, code: members[i]!.code })),
      );
    } else if (cluster.kind === 'check') leaf.flat = this.placeChecks(cluster, leaf as JointLeaf<CheckLeaf>);
    else leaf.flat = this.placeOps(leaf as JointLeaf<OpLeaf>);
    return leaf.flat;
  }

  /** Codes of derived values, as a mask for each of their words. */
  masks(codes: readonly { readonly entity: Entity; readonly code: number }[]): number {
    const { width, total } = this.layout;
    const at = this.reserve(total - width + 1);
    for (const { entity, code } of codes)
      if (entity.bits > 0) this.data[at + entity.word - width]! |= code << entity.shift;
    return at;
  }

  /** Which checks had something to say at this place; asked once for each of them. */
  notedAt(place: number): readonly CheckUnit[] {
    const { leaf, units } = this.checksAt.get(place)!;
    return units.filter((unit, i) => this.notable(unit, leaf.members[i]!));
  }

  /** The checks at this place have been heard. */
  refresh(place: number): void {
    const { leaf, units } = this.checksAt.get(place)!;
    this.data[place] = this.flags(leaf, units);
  }

  /** Promises about steps that the operations at this place break. */
  brokenAt(place: number): readonly string[] {
    return this.brokenBy.get(place)!;
  }

  private notable(unit: CheckUnit, leaf: CheckLeaf): boolean {
    if (this.done.has(unit.id)) return false;
    return unit.kind === 'always' ? !leaf.holds : unit.kind === 'sometimes' && leaf.holds;
  }

  private placeChecks(cluster: Checks, leaf: JointLeaf<CheckLeaf>): number {
    const at = this.reserve(1);
    const units = cluster.joint.members;
    this.checksAt.set(at, { leaf, units });
    this.data[at] = this.flags(leaf, units);
    return at;
  }

  private flags(joint: JointLeaf<CheckLeaf>, units: readonly CheckUnit[]): number {
    let flags = 0;
    joint.members.forEach((leaf, i) => {
      const unit = units[i]!;
      if (unit.kind === 'good' && !leaf.holds) flags |= 1 << this.good.indexOf(unit);
      if (this.notable(unit, leaf)) flags |= NOTED;
    });
    return flags;
  }

  private placeOps(joint: JointLeaf<OpLeaf>): number {
    const { width } = this.layout;
    const steps = joint.members.flatMap(m => m.endings.filter(e => e.changes.length > 0));
    const broken = joint.members.flatMap(m => m.broken);
    const at = this.reserve(LEAF.first + steps.length * width);
    const counter = this.counted.push(joint) - 1;
    if (counter >= this.counts.length) {
      const larger = new Float64Array(this.counts.length * 2);
      larger.set(this.counts);
      this.counts = larger;
    }
    if (broken.length > 0) this.brokenBy.set(at, broken);
    this.data[at + LEAF.counter] = counter;
    this.data[at + LEAF.moves] = joint.members.reduce((bits, m) => bits | m.moves, 0);
    this.data[at + LEAF.more] = broken.length;
    this.data[at + LEAF.successors] = steps.length;
    steps.forEach((e, i) => {
      for (const { entity, from, to } of e.changes)
        this.data[at + LEAF.first + i * width + entity.word]! ^= (from ^ to) << entity.shift;
    });
    return at;
  }

  private reserve(size: number): number {
    const at = this.used;
    this.used += size;
    if (this.used > this.data.length) {
      const larger = new Int32Array(Math.max(this.used, this.data.length * 2));
      larger.set(this.data);
      this.data = larger;
    }
    this.data.fill(0, at, this.used);
    return at;
  }
}
