// Which derived values do rules ask for, and what are they in the state looked at?
import type { Derived } from '../../../spec/kit/watch.js';
import { EMPTY, type Entities, type Entity, type Field, WHOLE } from './entities.js';
import { Log, type Read } from './log.js';
import { type Step, stepCode } from './step.js';
import { Leaf, Node, Trie } from './trie.js';
import { entityOf, type Reader, Watched, type WatchedTable } from './watched.js';

/**
 * Something that answers rest on has turned out otherwise: a selector reads more than it was thought to.
 * What has been learned of rules must be learned again.
 */
export class Stale extends Error {}

/** The selector threw: whoever asks for it in earnest runs it again and throws, too. */
export const THREW = Symbol('threw');

export class ViewLeaf extends Leaf {
  constructor(readonly code: number) {
    super();
  }
}

/** A selector with its arguments: one more entity, computed from others. */
export interface View {
  readonly entity: Entity;
  readonly what: Derived;
  readonly args: readonly unknown[];
  readonly trie: Trie<ViewLeaf>;
  /** What it has ever read itself. */
  readonly direct: Set<Entity>;
  /** Changes that were believed not to matter to it. */
  readonly spared: Set<Entity>;
  /** A scan of one field: the field, and the slots that are left out. */
  readonly scan?: { readonly field: Field; readonly without: readonly number[] };
}

const isPlain = (value: unknown): boolean => typeof value !== 'object' && typeof value !== 'function';

/**
 * The state looked at, seen through getters: whoever reads is written into the log, and selectors are
 * answered from their own tries. Nothing here knows any profile.
 */
export class Views implements Reader {
  readonly list: View[] = [];
  readonly watched: Watched;
  readonly codeOf = (entity: Entity): number => {
    const code = this.codes[entity.id]!;
    return code >= 0 ? code : this.compute(entity);
  };
  /** Codes of the state looked at; -1: a derived value that nobody has asked for yet. */
  private codes = new Int32Array(256);
  private readonly byKey = new Map<Derived, Map<string, View>>();
  private readonly byEntity = new Map<Entity, View>();
  private readonly fieldOf = new Map<object, Field>();
  /** Selectors that just run, inside whoever asks: their answers are no plain values, or they read next to nothing. */
  readonly inlined = new Set<string>();
  /** Selectors that were asked for, by name; undefined where two have one name. */
  readonly selectors = new Map<string, Derived | undefined>();
  /** The states in which one was asked for the first time. */
  readonly meetings: (readonly number[])[] = [];
  /** While sizes are learned: the most entities that a selector has read. */
  private readonly sizes = new Map<string, number>();
  private log = new Log();
  private readonly spelled = new WeakMap<object, string>();
  private readonly records: string[] = [];
  private settled = false;
  /** How often a selector was run for want of an answer. */
  runs = 0;

  constructor(readonly entities: Entities) {
    this.watched = new Watched(entities, this);
  }

  /** Looks at the state of these codes. */
  look(codes: ArrayLike<number>): void {
    if (this.codes.length < this.entities.all.length + 64) {
      this.codes = new Int32Array(this.entities.all.length * 2 + 64);
    }
    for (let i = 0; i < this.entities.base; i++) this.codes[i] = codes[i]!;
    this.codes.fill(-1, this.entities.base);
  }

  /** Runs `body` with a log of its own. */
  logged<A>(log: Log, body: () => A): A {
    const outer = this.log;
    this.log = log;
    try {
      return body();
    } finally {
      this.log = outer;
    }
  }

  read(entity: Entity, question: number): void {
    this.log.add(entity, question);
  }

  derive(what: Derived, state: object, args: readonly unknown[]): unknown {
    if (this.inlined.has(what.name)) return this.run(what, state, args);
    if (what.scan !== undefined) return this.deriveScan(what, state, args);
    const view = this.viewOf(what, args);
    const value = this.valueOf(view);
    if (value === THREW || this.inlined.has(what.name)) return this.run(what, state, args);
    if (state !== this.watched.root && !this.untouched(view, state)) return this.run(what, state, args);
    this.log.add(view.entity, WHOLE);
    return value;
  }

  /** After a trial in which everything was a view: small ones are better run where they are asked for. */
  settle(most: number): void {
    for (const [name, size] of this.sizes) if (size <= most) this.inlined.add(name);
    this.begin();
  }

  /** From here on views are computed ahead; those of a trial are forgotten. */
  begin(): void {
    this.list.length = 0;
    this.byKey.clear();
    this.byEntity.clear();
    this.entities.all.length = this.entities.base;
    this.settled = true;
  }

  /** The views that a view has ever read. */
  innerOf(view: View): readonly View[] {
    const found = new Set<View>();
    const visit = (at: unknown): void => {
      if (!(at instanceof Node)) return;
      const inner = this.byEntity.get(at.entity);
      if (inner !== undefined) found.add(inner);
      for (const kid of at.kids) visit(kid);
    };
    visit(view.trie.root);
    return [...found];
  }

  /** Its value in the state looked at. */
  valueOf(view: View): unknown {
    return view.entity.values[this.codeOf(view.entity)];
  }

  /** What a view may rest on, by all that is known of it: entities of the state itself. */
  private restsOn(view: View, found: Set<Entity> = new Set()): ReadonlySet<Entity> {
    for (const entity of view.direct) {
      const inner = this.byEntity.get(entity);
      if (inner === undefined) found.add(entity);
      else this.restsOn(inner, found);
    }
    return found;
  }

  /** May the value of the state looked at be taken for that of `state`, which differs in other places? */
  private untouched(view: View, state: object): boolean {
    const changed = this.watched.changed(state);
    if (changed.length === 0) return true;
    const mine = this.restsOn(view);
    if (changed.some(c => mine.has(c.entity))) return false;
    for (const c of changed) view.spared.add(c.entity);
    return true;
  }

  private run(what: Derived, state: object, args: readonly unknown[]): unknown {
    return (what.run as (...all: unknown[]) => unknown)(state, ...args);
  }

  /** The view of a selector and its arguments, a new one if nobody has asked for it. */
  viewOf(what: Derived, args: readonly unknown[], scan?: View['scan']): View {
    let mine = this.byKey.get(what);
    if (mine === undefined) {
      this.byKey.set(what, (mine = new Map()));
      const met = this.selectors.has(what.name);
      if (!met) this.meetings.push([...this.codes.subarray(0, this.entities.base)]);
      this.selectors.set(what.name, met && this.selectors.get(what.name) !== what ? undefined : what);
    }
    let key = '';
    for (const arg of args) key += `${this.spell(arg)},`;
    if (scan !== undefined) for (const slot of scan.without) key += `-${slot}`;
    let view = mine.get(key);
    if (view === undefined) {
      const name = `${what.name}(${key})`;
      const entity = this.entities.derived(name);
      const trie = new Trie<ViewLeaf>(name);
      view = {
        entity,
        what,
        args,
        trie,
        direct: this.rowsOf(scan),
        spared: new Set(),
        ...(scan && { scan }),
      };
      if (this.codes.length < this.entities.all.length) {
        const larger = new Int32Array(this.codes.length * 2).fill(-1);
        larger.set(this.codes);
        this.codes = larger;
      }
      this.codes[entity.id] = -1;
      this.list.push(view);
      mine.set(key, view);
      this.byEntity.set(entity, view);
    }
    return view;
  }

  /** An argument as text; a record of policies is known by number. */
  private spell(arg: unknown): string {
    if (typeof arg === 'number') return String(arg);
    if (typeof arg !== 'object' || arg === null) return `${typeof arg} ${String(arg)}`;
    let text = this.spelled.get(arg);
    if (text === undefined) {
      const spelling = JSON.stringify(arg);
      let number = this.records.indexOf(spelling);
      if (number < 0) number = this.records.push(spelling) - 1;
      text = `p${number}`;
      this.spelled.set(arg, text);
    }
    return text;
  }

  private rowsOf(scan: View['scan']): Set<Entity> {
    if (scan === undefined) return new Set();
    const { first, count } = scan.field;
    const all = this.entities.all.slice(first, first + count);
    return new Set(all.filter((_, i) => !scan.without.includes(i)));
  }

  /** The code of a derived value in the state looked at, by its trie or by running it. */
  private compute(entity: Entity): number {
    const view = this.byEntity.get(entity)!;
    let code: number;
    if (view.scan !== undefined) code = entity.codeOf(this.scanned(view, view.scan));
    else {
      let leaf = view.trie.find(this.codeOf);
      leaf ??= this.learn(view);
      code = leaf.code;
    }
    this.codes[entity.id] = code;
    return code;
  }

  private learn(view: View): ViewLeaf {
    const log = new Log();
    this.runs++;
    const value = this.logged(log, () => {
      try {
        return this.run(view.what, this.watched.root, view.args);
      } catch (error) {
        if (error instanceof Stale) throw error;
        return THREW;
      }
    });
    const { name } = view.what;
    if (!isPlain(value) && value !== THREW) this.inline(name);
    const size = new Set(log.reads.map(r => r.entity)).size;
    this.sizes.set(name, Math.max(this.sizes.get(name) ?? 0, size));
    this.widen(view, log.reads);
    const leaf = new ViewLeaf(view.entity.codeOf(isPlain(value) ? value : 'not plain'));
    view.trie.learn(log.reads, this.codeOf, leaf);
    return leaf;
  }

  /** From now on this selector is run where it is asked for. */
  private inline(name: string): void {
    this.inlined.add(name);
    if (this.settled) throw new Stale();
  }

  /** The view has read something new: was it believed not to matter to anyone? */
  private widen(view: View, reads: readonly Read[]): void {
    const more = reads.filter(r => !view.direct.has(r.entity));
    for (const { entity } of more) view.direct.add(entity);
    if (more.length === 0 || !this.settled) return;
    for (const v of this.list) {
      if (v.spared.size === 0) continue;
      const mine = this.restsOn(v);
      for (const e of v.spared) if (mine.has(e)) throw new Stale();
    }
  }

  /** Forgets the answers, and keeps what is known of who reads what; what is run where it is asked for is no view. */
  forget(): void {
    const views = this.list.filter(v => !this.inlined.has(v.what.name));
    this.list.splice(0, this.list.length, ...views);
    for (const view of this.list) {
      view.trie.root = undefined;
      view.spared.clear();
    }
  }

  private deriveScan(what: Derived, state: object, args: readonly unknown[]): unknown {
    const { pick, step } = what.scan!;
    const field = this.scannedField(pick as (s: object) => object);
    if (field === undefined) return this.run(what, state, args);
    const changed = this.watched
      .changed(state)
      .filter(c => c.entity.id >= field.first && c.entity.id < field.first + field.count);
    const without = changed.map(c => c.entity.id - field.first);
    if (without.length > 2) return this.run(what, state, args);
    const view = this.viewOf(what, args, { field, without });
    const value = this.valueOf(view);
    if (!isPlain(value)) {
      this.inline(what.name);
      return this.run(what, state, args);
    }
    this.log.add(view.entity, WHOLE);
    return changed.reduce(
      (acc, c) => (this.isEmpty(field, c.row) ? acc : (step as Step)(acc, c.row, ...args)),
      value,
    );
  }

  /** Is this row, of a changed state, an empty slot? */
  private isEmpty(field: Field, row: unknown): boolean {
    if (field.shape !== 'table') return false;
    const entity = entityOf(row);
    if (entity === undefined) return row === field.empty;
    this.read(entity, EMPTY);
    return entity.answer(EMPTY, this.codeOf(entity)) === true;
  }

  /** The field that a fold picks: one row of records or one table of the state. */
  scannedField(pick: (s: object) => object): Field | undefined {
    let field = this.fieldOf.get(pick);
    if (field === undefined) {
      const rows = this.logged(new Log(), () => pick(this.watched.root));
      field = this.entities.fields.find(
        f =>
          (f.shape === 'rows' || f.shape === 'table') &&
          this.watched.rowsOf(f, this.watched.root) ===
            (f.shape === 'table' ? (rows as WatchedTable).slots : rows),
      );
      if (field !== undefined) this.fieldOf.set(pick, field);
    }
    return field;
  }

  private scanned(view: View, scan: NonNullable<View['scan']>): unknown {
    const { zero, step } = view.what.scan!;
    let acc = zero;
    for (let i = 0; i < scan.field.count; i++) {
      if (scan.without.includes(i)) continue;
      const entity = this.entities.all[scan.field.first + i]!;
      acc = stepCode(entity, this.codeOf(entity), acc, step as Step, view.args);
    }
    return acc;
  }
}
