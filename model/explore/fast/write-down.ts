// How is what was learned of a world written as numbers and JSON?
import type { Knowledge, KnownView } from '../knowledge.js';
import type { Json } from '../snapshot.js';
import type { Cluster } from './clusters.js';
import { type Entities, WHOLE } from './entities.js';
import { keepable } from './spelling.js';
import { type Leaf, Node, type Trie } from './trie.js';
import type { AnyUnits, CheckLeaf, OpLeaf } from './units.js';
import { THREW, type View, type Views } from './views.js';

/** A value for each number, and a number for each value. */
class Dictionary<T> {
  readonly all: Json[] = [];
  private readonly numbers = new Map<unknown, number>();

  constructor(private readonly keyOf: (value: T) => unknown = value => value) {}

  of(value: T): number {
    const key = this.keyOf(value);
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.all.push(keepable(value)) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }
}

/** Numbers in a row that grows. */
class Words {
  private words = new Int32Array(1 << 16);
  private used = 0;

  push(...more: readonly number[]): void {
    for (const word of more) {
      if (this.used === this.words.length) {
        const larger = new Int32Array(this.words.length * 2);
        larger.set(this.words);
        this.words = larger;
      }
      this.words[this.used++] = word;
    }
  }

  get all(): Int32Array {
    return this.words.slice(0, this.used);
  }
}

/**
 * A tree in words: above 0 a node (entity + 1, question, number of children, and for each an answer and a tree), below
 * 0 a leaf (-1 - its number), 0 nothing. The answer to `WHOLE` is a code and stands for itself.
 */
class Writer {
  readonly words = new Words();
  readonly answers = new Dictionary<unknown>();
  readonly outcomes = new Dictionary<unknown>(value => JSON.stringify(keepable(value)));
  readonly names = new Dictionary<string>();

  /** Without recursion: a rule that reads a long list has a tree as deep as that. */
  tree<L extends Leaf>(root: Node<L> | L | undefined, leafOf: (leaf: L) => number): void {
    if (root === undefined) this.words.push(0);
    const open: { readonly at: Node<L>; next: number }[] = [];
    const enter = (at: Node<L> | L): void => {
      if (!(at instanceof Node)) {
        this.words.push(-1 - leafOf(at));
        return;
      }
      this.words.push(at.entity.id + 1, at.question, at.kids.length);
      open.push({ at, next: 0 });
    };
    if (root !== undefined) enter(root);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const { at } = top;
      const i = top.next++;
      if (i === at.kids.length) open.pop();
      else {
        const answer = at.answersOfKids[i];
        this.words.push(at.question === WHOLE ? (answer as number) : this.answers.of(answer));
        enter(at.kids[i]!);
      }
    }
  }

  op({ offered, endings, moves, broken }: OpLeaf): void {
    this.words.push(offered ? 1 : 0, moves, broken.length, endings.length);
    for (const id of broken) this.words.push(this.names.of(id));
    for (const e of endings) {
      this.words.push(this.names.of(e.rule), this.outcomes.of(e.outcome), e.changes.length);
      for (const { entity, from, to } of e.changes) this.words.push(entity.id, from, to);
    }
  }
}

/** Leaves in the order in which they are met, numbered. */
function leavesOf<L extends Leaf>(tries: readonly Trie<L>[]): Map<L, number> {
  const found = new Map<L, number>();
  for (const t of tries) {
    const open: (Node<L> | L)[] = t.root === undefined ? [] : [t.root];
    for (let at = open.pop(); at !== undefined; at = open.pop())
      if (at instanceof Node) open.push(...at.kids);
      else found.set(at, found.size);
  }
  return found;
}

const viewOut = (v: View, entities: Entities): KnownView => ({
  name: v.what.name,
  args: v.args.map(keepable),
  ...(v.scan && {
    scan: { field: entities.fields.indexOf(v.scan.field), without: v.scan.without },
  }),
  values: v.entity.values.map(value => (value === THREW ? { $threw: true } : keepable(value))),
  direct: [...v.direct].map(e => e.id),
  spared: [...v.spared].map(e => e.id),
});

/** Everything that was learned. Throws where a value cannot be read back as the same one. */
export function writeDown(
  entities: Entities,
  views: Views,
  units: AnyUnits,
  clusters: readonly Cluster[],
): Knowledge {
  const writer = new Writer();
  for (const v of views.list) writer.tree(v.trie.root, leaf => leaf.code);
  const checks = leavesOf<CheckLeaf>(units.checks.map(c => c.trie));
  const ops = leavesOf<OpLeaf>(units.ops.map(o => o.trie));
  writer.words.push(checks.size, ops.size);
  for (const leaf of checks.keys()) writer.words.push(leaf.holds ? 1 : 0);
  for (const leaf of ops.keys()) writer.op(leaf);
  for (const c of units.checks) writer.tree(c.trie.root, leaf => checks.get(leaf)!);
  for (const o of units.ops) writer.tree(o.trie.root, leaf => ops.get(leaf)!);
  const kept = clusters.flatMap(c => (c.kind === 'view' ? [] : [joined(writer, c, units, checks, ops)]));
  const base = entities.all.slice(0, entities.base);
  return {
    head: {
      entities: base.map(e => ({ name: e.name, values: e.values.map(keepable) })),
      meetings: [...new Map(views.meetings.map(codes => [codes.join(), codes])).values()],
      inlined: [...views.inlined],
      views: views.list.map(v => viewOut(v, entities)),
      answers: writer.answers.all,
      outcomes: writer.outcomes.all,
      names: writer.names.all as string[],
      clusters: kept,
    },
    words: writer.words.all,
  };
}

/** The tree of units that are walked together; a leaf of it is a leaf of each of them. */
function joined(
  writer: Writer,
  cluster: Exclude<Cluster, { kind: 'view' }>,
  units: AnyUnits,
  checks: ReadonlyMap<CheckLeaf, number>,
  ops: ReadonlyMap<OpLeaf, number>,
): Knowledge['head']['clusters'][number] {
  const numbers = cluster.kind === 'check' ? checks : ops;
  const trie = cluster.joint.together as Trie<Leaf & { readonly members: readonly Leaf[] }>;
  const leaves = leavesOf(cluster.joint.members.length > 1 ? [trie] : []);
  writer.words.push(leaves.size);
  for (const { members } of leaves.keys())
    for (const m of members) writer.words.push((numbers as ReadonlyMap<Leaf, number>).get(m)!);
  writer.tree(cluster.joint.members.length > 1 ? trie.root : undefined, leaf => leaves.get(leaf)!);
  const members =
    cluster.kind === 'check'
      ? cluster.joint.members.map(m => units.checks.indexOf(m))
      : cluster.joint.members.map(m => m.index);
  return { kind: cluster.kind, members };
}
