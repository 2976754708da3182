// Which renamings does a declared symmetry allow, and what does each make of a record?
import { Asymmetric, type Reference, type Sort, type Symmetry } from '../symmetry.js';
import type { Entities, Field } from './entities.js';

/** New position by old one. */
export type Places = readonly number[];
type Row = Readonly<Record<string, unknown>>;

/** Most renamings that an exploration tries on each state. */
const MOST = 5000;
/** Most combinations of permutations that are looked at for them. */
const TRIED = 500_000;

/** A sort with its size. */
export interface Things extends Sort {
  readonly name: string;
  readonly count: number;
  readonly fields: readonly Field[];
}

/** One renaming: where the things of each sort go. Unnamed sorts have no place in it. */
export interface Renaming {
  /** What a position becomes where it is named. */
  readonly places: ReadonlyMap<string, Places>;
  /** Where the rows of sets go, if that is not the same: those that lead no set must go somewhere, too. */
  readonly rows: ReadonlyMap<string, Places>;
}

/** By sort of sets: to which set each member belongs. */
export type Grouping = ReadonlyMap<string, Places>;

/** A declared symmetry, checked against the shape and the start of one world. */
export class Renamings {
  readonly named: readonly Things[];
  readonly unnamed: readonly Things[];
  /** Sorts of sets, with the rows that say who is a member. */
  readonly sets: readonly { readonly sort: Things; readonly field: Field; readonly by: string }[];
  readonly all: readonly Renaming[];
  private readonly sortOf = new Map<Field, Things>();
  private readonly start: Int32Array;

  constructor(
    readonly entities: Entities,
    readonly declared: Symmetry,
  ) {
    const sorts = Object.entries(declared.sorts).map(([name, sort]) => this.things(name, sort));
    for (const rows of [...Object.keys(declared.refers ?? {}), ...Object.keys(declared.labels ?? {})])
      this.field(rows, 'refers and labels');
    this.named = sorts.filter(s => s.unnamed !== true && s.sets === undefined);
    this.sets = sorts.flatMap(sort => (sort.sets === undefined ? [] : [this.membersOf(sort, sort.sets)]));
    this.unnamed = sorts.filter(s => s.unnamed === true);
    this.start = entities.start;
    this.all = this.find();
  }

  /** The sort that the rows of a field belong to. */
  sort(field: Field): Things | undefined {
    return this.sortOf.get(field);
  }

  /** The sorts that records of this field may refer to. */
  referred(field: Field): readonly string[] {
    const refers = Object.values(this.declared.refers?.[field.name] ?? {});
    return [...new Set(refers.flatMap(r => (typeof r === 'string' ? [r] : Object.values(r.of))))];
  }

  /** What a renaming does to the records of a field, besides moving them: equal texts, equal effects. */
  effect(field: Field, renaming: Renaming): string {
    return this.referred(field)
      .map(sort => renaming.places.get(sort)?.join())
      .join(' ');
  }

  /** Where the row at `at` of `field` goes. */
  target(field: Field, at: number, renaming: Renaming): number {
    const sort = this.sortOf.get(field);
    const places = sort && (renaming.rows.get(sort.name) ?? renaming.places.get(sort.name));
    if (places === undefined) return at;
    const thing = Math.floor(at / field.each);
    return places[thing]! * field.each + (at % field.each);
  }

  /** What the record `row` at `at` of `field` becomes, on its way to its target. */
  rename(field: Field, row: Row, at: number, renaming: Renaming): Row {
    const refers = this.declared.refers?.[field.name] ?? {};
    const labels = this.declared.labels?.[field.name] ?? [];
    if (row === field.empty || Object.keys(refers).length + labels.length === 0) return row;
    const changed: Record<string, unknown> = {};
    for (const key of Object.keys(refers)) changed[key] = this.moved(field, row, key, refers[key]!, renaming);
    const target = this.target(field, at, renaming);
    for (const key of labels) {
      if (row[key] !== this.labelAt(field, at, key))
        throw new Asymmetric(`'${field.name}.${key}' is declared to be a label, and it changes`);
      changed[key] = this.labelAt(field, target, key);
    }
    return { ...row, ...changed };
  }

  /** The renaming as it is in a state whose members belong to these sets. */
  within(renaming: Renaming, grouping: Grouping): Renaming {
    if (this.sets.length === 0) return renaming;
    const places = new Map(renaming.places);
    const rows = new Map<string, Places>();
    for (const { sort } of this.sets) {
      const leads = grouping.get(sort.name)!;
      const moved = renaming.places.get(sort.sets!.of)!;
      const to = leads.map(lead => Math.min(...moved.filter((_, member) => leads[member] === lead)));
      const free = leads.map((_, at) => at).filter(at => !to.includes(at));
      places.set(sort.name, to);
      rows.set(
        sort.name,
        leads.map((lead, at) => (lead === at ? to[at]! : free.shift()!)),
      );
    }
    return { places, rows };
  }

  /** To which sets things belong in the state of these codes. */
  grouping(codes: ArrayLike<number>): Grouping {
    return new Map(
      this.sets.map(({ sort, field, by }) => [
        sort.name,
        Array.from({ length: field.count }, (_, i) => {
          const row = this.entities.all[field.first + i]!.values[codes[field.first + i]!] as Row;
          return row[by] as number;
        }),
      ]),
    );
  }

  private membersOf(
    sort: Things,
    { of, by }: NonNullable<Sort['sets']>,
  ): { readonly sort: Things; readonly field: Field; readonly by: string } {
    const field = this.named.find(s => s.name === of)?.fields.find(f => f.keys.includes(by));
    if (field === undefined || field.each > 1)
      throw new Asymmetric(`the sets '${sort.name}': no records of a sort '${of}' have a field '${by}'`);
    if (sort.fields.some(f => f.count / f.each !== field.count))
      throw new Asymmetric(`the rows of '${sort.name}' are not as many as there are of '${of}'`);
    return { sort, field, by };
  }

  private labelAt(field: Field, at: number, key: string): unknown {
    const id = field.first + at;
    return (this.entities.all[id]!.values[this.start[id]!] as Row)[key];
  }

  private moved(field: Field, row: Row, key: string, to: Reference, renaming: Renaming): unknown {
    const name = typeof to === 'string' ? to : to.of[String(row[to.by])];
    const value = row[key];
    const places = name === undefined ? undefined : renaming.places.get(name);
    if (places === undefined || value === -1) return value;
    const moved = typeof value === 'number' ? places[value] : undefined;
    if (moved === undefined)
      throw new Asymmetric(`'${field.name}.${key}' is declared to name a ${name}, and is ${String(value)}`);
    return moved;
  }

  private things(name: string, sort: Sort): Things {
    const fields = sort.rows.map(rows => this.field(rows, `the sort '${name}'`));
    const counts = fields.map(f => f.count / f.each);
    const count = counts[0];
    if (count === undefined && sort.sets !== undefined) return { ...sort, name, count: 0, fields };
    if (count === undefined || counts.some(n => n !== count))
      throw new Asymmetric(`the rows of the sort '${name}' (${sort.rows.join(', ')}) are not equally many`);
    const plain = fields.length === 1 && fields[0]!.each === 1 && sort.apart === undefined;
    if (sort.unnamed === true && !(plain && this.declared.labels?.[fields[0]!.name] === undefined))
      throw new Asymmetric(
        `the sort '${name}' is unnamed: it has one field of rows, without labels, and none is set apart`,
      );
    const things = { ...sort, name, count, fields };
    for (const f of fields) {
      if (this.sortOf.has(f)) throw new Asymmetric(`'${f.name}' belongs to two sorts`);
      this.sortOf.set(f, things);
    }
    return things;
  }

  private field(name: string, who: string): Field {
    const field = this.entities.fields.find(f => f.name === name);
    if (field === undefined) throw new Asymmetric(`${who}: the state has no field '${name}'`);
    if (field.shape === 'whole')
      throw new Asymmetric(`${who}: '${name}' is no row of records, so that names in it cannot be changed`);
    return field;
  }

  /** All renamings that leave the start as it is, doing nothing first. */
  private find(): readonly Renaming[] {
    for (const field of this.entities.fields) for (const name of this.referred(field)) this.checkNamed(name);
    let partial: Renaming[] = [{ places: new Map(), rows: new Map() }];
    for (const sort of this.named) {
      const perms = permutations(sort.count, (from, to) => this.alike(sort, from, to));
      if (perms.length * partial.length > TRIED) this.tooMany(perms.length * partial.length);
      partial = partial.flatMap(r =>
        perms.map(p => ({ ...r, places: new Map([...r.places, [sort.name, p]]) })),
      );
    }
    const found = partial.filter(r => this.keepsStart(this.within(r, this.grouping(this.start))));
    if (found.length > MOST) this.tooMany(found.length);
    return found;
  }

  private checkNamed(name: string): void {
    const sort = this.declared.sorts[name];
    if (sort === undefined)
      throw new Asymmetric(`a field is declared to name a '${name}', and there is no such sort`);
    if (sort.unnamed === true)
      throw new Asymmetric(`the sort '${name}' is unnamed, and a field is declared to name one of them`);
  }

  private tooMany(many: number): never {
    const sizes = this.named.map(s => `${s.count} of ${s.name}`).join(', ');
    throw new Asymmetric(
      `the symmetry is too large: ${many} renamings of ${sizes}, and at most ${MOST} can be tried on each state. Set some apart, or declare a sort that nobody refers to as unnamed`,
    );
  }

  /** May thing `from` take the place of thing `to` at all, by what their records say besides names? */
  private alike(sort: Things, from: number, to: number): boolean {
    if (from === to) return true;
    if (sort.apart?.some(at => at === from || at === to)) return false;
    return sort.fields.every(f => {
      const fixed = f.keys.filter(
        k =>
          this.declared.refers?.[f.name]?.[k] === undefined && !this.declared.labels?.[f.name]?.includes(k),
      );
      const row = (thing: number, i: number): Row => {
        const id = f.first + thing * f.each + i;
        return this.entities.all[id]!.values[this.start[id]!] as Row;
      };
      return Array.from({ length: f.each }, (_, i) => i).every(i =>
        fixed.every(k => row(from, i)[k] === row(to, i)[k]),
      );
    });
  }

  private keepsStart(renaming: Renaming): boolean {
    for (const field of this.entities.fields) {
      if (this.sortOf.get(field)?.unnamed === true) continue;
      for (let at = 0; at < field.count; at++) {
        const id = field.first + at;
        const row = this.entities.all[id]!.values[this.start[id]!];
        const target = this.target(field, at, renaming);
        const there = this.entities.all[field.first + target]!.values[this.start[field.first + target]!];
        if (
          field.shape === 'whole'
            ? row !== there
            : !same(this.rename(field, row as Row, at, renaming), there as Row)
        )
          return false;
      }
      for (const key of this.declared.labels?.[field.name] ?? [])
        if (!this.keepsLabels(field, key, renaming)) return false;
    }
    return true;
  }

  /** Equal labels must be equal afterwards, and different ones different. */
  private keepsLabels(field: Field, key: string, renaming: Renaming): boolean {
    const to = new Map<unknown, unknown>();
    for (let at = 0; at < field.count; at++) {
      const label = this.labelAt(field, at, key);
      const after = this.labelAt(field, this.target(field, at, renaming), key);
      if (to.has(label) && to.get(label) !== after) return false;
      to.set(label, after);
    }
    return new Set(to.values()).size === to.size;
  }
}

const same = (a: Row, b: Row): boolean => Object.keys(a).every(k => a[k] === b[k]);

/** Every permutation of `count` places that only moves things where they may go; doing nothing first. */
function permutations(count: number, may: (from: number, to: number) => boolean): readonly Places[] {
  const found: Places[] = [];
  const extend = (places: readonly number[]): void => {
    if (places.length === count) found.push(places);
    if (found.length > TRIED) return;
    for (let to = 0; to < count; to++)
      if (!places.includes(to) && may(places.length, to)) extend([...places, to]);
  };
  extend([]);
  return found.filter(p => p.length === count);
}

/** A renaming in words. */
export function describe(renaming: Renaming): string {
  const moved = [...renaming.places].filter(([, places]) => places.some((to, from) => to !== from));
  if (moved.length === 0) return 'no renaming';
  return moved
    .map(([sort, places]) => {
      const pairs = places.flatMap((to, from) => (to === from ? [] : [`${from} to ${to}`]));
      return `${sort} ${pairs.join(', ')}`;
    })
    .join('; ');
}
