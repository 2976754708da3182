// What stands behind the generated loop: who answers where no answer is known, and who makes a new plan?

import type { Disk, Spill } from '../disk.js';
import type { Learned, Second } from '../exploration.js';
import type { Knowledge } from '../knowledge.js';
import { Answers } from './answers.js';
import { type Cluster, clustersOf, type Finding, levelsOf, scansOf, type Task } from './clusters.js';
import { type Drive, driverFor, type Engine } from './driver.js';
import type { Entities, Entity } from './entities.js';
import { Flat } from './flat.js';
import type { Joint, JointLeaf, Member } from './joint.js';
import { hasRoom, type Layout, layOut, pack, roomy, unpack } from './layout.js';
import { inPieces, type PackedQueue, type Place, repacked } from './packed.js';
import type { Reducer } from './reducer.js';
import type { Scan } from './scans.js';
import { Spilled } from './spilled.js';
import { type States, Store } from './store.js';
import type { Leaf } from './trie.js';
import type { AnyUnits, OpLeaf } from './units.js';
import { Stale } from './views.js';
import { writeDown } from './write-down.js';

const BUFFER = 1 << 15;
const BATCH = BUFFER * 4;

/** The learned tries of a world laid out for the generated loop, and the states found so far. */
export class FastEngine implements Engine {
  S = new Int32Array(32);
  readonly flat = new Flat();
  roots = new Int32Array(1);
  readonly buffer = new Int32Array(BATCH);
  fill = 0;
  scans: Scan[] = [];
  redo = false;
  stop = false;
  /** What was learned rests on something that turned out otherwise. */
  stale = false;
  store!: States;
  /** How often a new plan was made. */
  plans = 0;
  drive!: Drive;
  private layout!: Layout;
  private clusters: readonly Cluster[] = [];
  private levels: ReadonlyMap<Entity, number> = new Map();
  private readonly answers: Answers;
  private looked = -1;
  /** States in which an answer was wanting, since somebody took them away. */
  readonly news: number[] = [];
  private readonly codes: Int32Array;
  private readonly done = new Set<string>();
  /** Where the states lie, once they are to take no more memory. */
  private disk: Disk | undefined;

  constructor(
    private readonly task: Task,
    private readonly sample: readonly Int32Array[],
    /** Under symmetry: what makes successors their representatives. */
    private readonly reducer?: Reducer,
  ) {
    this.codes = new Int32Array(task.base.length);
    this.answers = new Answers(task.checks, this.done);
  }

  /** Lays out anew: for more values, or for derived values that were not known. Keeps every state and answer. */
  plan(start: Int32Array, resumed?: PackedQueue): void {
    const old = this.layout as Layout | undefined;
    const known = this.store as States | undefined;
    known?.settle();
    const store = known ?? resumed?.queue;
    this.looked = -1;
    const seen = this.task.views.list.map(v => v.entity);
    // Reading old states needs the old places: take them out first.
    const previous = old === undefined ? (resumed?.places ?? []) : this.places();
    this.layout = layOut(this.task.base, seen);
    const { width } = this.layout;
    // Answers were forgotten, and no value is new: what lies on a disk lies there as it should.
    const stays = known instanceof Spilled && String(previous) === String(this.places());
    if (!stays) {
      const fresh = this.disk ? new Spilled(width, this.disk, this.spent) : new Store(width, store?.count);
      this.store = fresh;
      if (store === undefined) {
        pack(this.layout, start, this.buffer, 0);
        fresh.addAll(this.buffer, width);
        fresh.settle();
      } else fresh.takeOver(repacked({ queue: store, places: previous }, this.layout, this.codes));
      known?.end();
    }
    for (const codes of this.reducer?.takeLate() ?? []) {
      pack(this.layout, codes, this.buffer, 0);
      this.store.addAll(this.buffer, this.layout.width);
    }
    this.flat.clear();
    this.answers.clear(this.layout);
    this.scans = scansOf(this.task.views.list, this.task.views.entities);
    this.levels = levelsOf(this.task.views.list, this.task.views);
    this.clusters = clustersOf(this.task, this.sample, this.levels, this.clusters);
    this.looked = -1;
    this.roots = new Int32Array(this.clusters.length);
    const many = (kind: Cluster['kind']): number => this.clusters.filter(c => c.kind === kind).length;
    const checks = many('view');
    const plan = { checks, ops: checks + many('check'), end: this.clusters.length };
    this.drive = driverFor(this, this.layout, plan, BUFFER);
    this.redo = false;
    this.stale = false;
    this.plans++;
  }

  /** Writes the trees anew, with what is known by now of which questions follow each other. */
  rewrite(): void {
    this.flat.clear();
    this.answers.clear(this.layout);
    this.clusters.forEach((cluster, i) => {
      const joint: Joint<Member<Leaf>, Leaf> = cluster.joint as never;
      this.roots[i] = this.flat.whole(joint.trie, l => {
        const leaf = joint.answerOf(l);
        return this.fits(cluster, leaf) ? this.answers.place(cluster, leaf, this.flat.generation) : 0;
      });
    });
    for (const scan of this.scans) for (const v of scan.variants) v.at.fill(0);
  }

  /** From now on a second thread finds out which states are new. Until the next plan. */
  share(second: Second): void {
    if (this.store instanceof Store) this.store = second(this.store, BATCH);
  }

  /** Takes up groups of units, and what they know together. Before the first plan. */
  recall(clusters: readonly Cluster[]): void {
    this.clusters = clusters;
  }

  /** Everything that was learned, for another run of the same law. */
  writeDown(entities: Entities, units: AnyUnits): Knowledge {
    return writeDown(entities, this.task.views, units, this.clusters);
  }

  /** From now on the states lie on a disk. False: they do already, or there is none. */
  spill(disk: Disk | undefined): boolean {
    if (disk === undefined || this.disk !== undefined) return false;
    const { store } = this;
    store.settle();
    this.disk = disk;
    const spilled = new Spilled(store.width, disk);
    this.store = spilled;
    spilled.takeOver(inPieces(store));
    store.end();
    return true;
  }

  /** What the disk has cost so far. */
  get spent(): Spill | undefined {
    return this.store instanceof Spilled ? this.store.spent : undefined;
  }

  /** Forgets the groups of units and their answers; the next plan makes them anew. */
  forget(): void {
    this.clusters = [];
  }

  /** Every operations answer, with the number of states in which it was the answer. */
  *opAnswers(): Iterable<JointLeaf<OpLeaf>> {
    this.answers.harvest();
    for (const c of this.clusters) if (c.kind === 'op') yield* c.joint.all;
  }

  /** Takes up where another engine left off: these are known, and not reported again. */
  settled(properties: Iterable<string>): void {
    for (const id of properties) this.done.add(id);
  }

  /** Where each entity lies in a packed state. */
  places(): readonly Place[] {
    return this.layout.base.map(e => [e.id, e.word, e.shift, e.bits]);
  }

  codesOf(state: number, out: Int32Array): Int32Array {
    unpack(this.layout, this.store.chunkOf(state), this.store.offsetOf(state), out);
    return out;
  }

  packed(codes: Int32Array, out: Int32Array, at: number): void {
    pack(this.layout, codes, out, at);
  }

  get data(): Int32Array {
    return this.answers.data;
  }

  get counts(): Float64Array {
    return this.answers.counts;
  }

  get width(): number {
    return this.layout.width;
  }

  /** The size of what was learned, as far as it lies here. */
  get figures(): Pick<Learned, 'words' | 'bits' | 'trie' | 'plans' | 'clusters' | 'tableBytes'> {
    return {
      words: this.width,
      bits: this.layout.bits,
      trie: this.flat.size + this.scans.reduce((n, s) => n + s.size, 0),
      plans: this.plans,
      clusters: this.clusterCount,
      tableBytes: this.store.tableBytes,
    };
  }

  /** Bytes of all arrays that grow. */
  get bytes(): number {
    const flat = this.flat.words.byteLength + this.data.byteLength + this.counts.byteLength;
    return this.store.bytes + flat + this.scans.reduce((n, s) => n + s.size * 4, 0);
  }

  get clusterCount(): number {
    return this.clusters.length;
  }

  miss(index: number, state: number): number {
    this.look(state);
    const cluster = this.clusters[index]!;
    const { codeOf } = this.task.views;
    const joint: Joint<Member<Leaf>, Leaf> = cluster.joint as never;
    const leaf = this.unlessStale(() => joint.resolve());
    if (leaf === undefined) return -1;
    for (const { entity } of joint.trie.path(codeOf)) if (!this.placed(entity, cluster)) this.redo = true;
    if (!this.fits(cluster, leaf)) this.redo = true;
    if (this.redo) return -1;
    const { root, leaf: place } = this.flat.thread(joint.trie, codeOf, l =>
      this.answers.place(cluster, joint.answerOf(l), this.flat.generation),
    );
    this.roots[index] = root;
    return -place;
  }

  missStep(scan: number, acc: number, slot: number, code: number, state: number): number {
    this.look(state);
    return this.scans[scan]!.learn(acc, slot, code);
  }

  missResults(index: number, variant: number, acc: number, state: number): number {
    this.look(state);
    const scan = this.scans[index]!;
    const v = scan.variants[variant]!;
    const codes = scan
      .results(v, acc)
      .map(({ view, value }) => ({ entity: view.entity, code: view.entity.codeOf(value) }));
    if (codes.some(({ entity }) => !hasRoom(entity))) {
      this.redo = true;
      return 1;
    }
    v.at[acc] = this.answers.masks(codes);
    return v.at[acc]!;
  }

  note(place: number, state: number): void {
    for (const unit of this.answers.notedAt(place)) this.report(unit, state);
    this.answers.refresh(place);
  }

  more(place: number, state: number): void {
    for (const id of this.answers.brokenAt(place)) this.report({ id, kind: 'step' }, state);
  }

  stuck(lives: number, state: number): void {
    const good = this.task.checks.filter(c => c.kind === 'good');
    good.forEach((unit, i) => {
      if (lives & (1 << i)) this.report({ id: unit.id, kind: 'good' }, state);
    });
  }

  /** Makes the successors in the buffer what they are stored as. */
  settle(): void {
    if (this.reducer === undefined) return;
    this.fill = this.reducer.reduce(this.layout, this.buffer, this.fill);
  }

  /** Are there states that only the next plan has room for? */
  get waiting(): boolean {
    return this.reducer?.waiting === true;
  }

  flush(): void {
    this.settle();
    this.store.addAll(this.buffer, this.fill);
    this.fill = 0;
  }

  private unlessStale<A>(run: () => A): A | undefined {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Stale)) throw error;
      this.stale = true;
      this.redo = true;
      return undefined;
    }
  }

  private report(unit: Finding, state: number): void {
    if (this.done.has(unit.id)) return;
    this.done.add(unit.id);
    this.task.found({ id: unit.id, kind: unit.kind }, state);
  }

  private look(state: number): void {
    if (this.looked === state) return;
    this.looked = state;
    this.news.push(state);
    this.task.views.look(this.codesOf(state, this.codes));
  }

  /** Can the loop read this entity's code, when this cluster is walked? */
  private placed(entity: Entity, cluster: Cluster): boolean {
    if (entity.bits < 0 || !hasRoom(entity)) return false;
    const level = this.levels.get(entity);
    return cluster.kind !== 'view' || level === undefined || level < cluster.level;
  }

  private fits(cluster: Cluster, leaf: JointLeaf<Leaf>): boolean {
    if (cluster.kind === 'view') return roomy(cluster.joint.members.map(v => v.entity));
    if (cluster.kind === 'check') return true;
    return (leaf as JointLeaf<OpLeaf>).members.every(m =>
      m.endings.every(e => roomy(e.changes.map(c => c.entity))),
    );
  }
}
