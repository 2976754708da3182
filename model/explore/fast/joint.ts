// Which units are walked together, so that what they all read is read once?
import { Log, type Read } from './log.js';
import { type CodeOf, Leaf, Trie } from './trie.js';

/** Anything with answers of its own. */
export interface Member<L extends Leaf> {
  readonly trie: Trie<L>;
}

/** The answers of all members at once. */
export class JointLeaf<L extends Leaf> extends Leaf {
  /** In how many states this was the answer, up to the last change of layout. */
  count = 0;
  constructor(readonly members: readonly L[]) {
    super();
  }
}

/**
 * Several units behind one tree. A cache in front of their own trees: what it does not know, they may. A
 * single unit needs none, and is walked by its own.
 */
export class Joint<M extends Member<L>, L extends Leaf> {
  /** Empty where there is one member. */
  readonly together: Trie<JointLeaf<L>>;
  private readonly leaves = new Map<string | number, JointLeaf<L>>();

  constructor(
    readonly members: readonly M[],
    private readonly resolveMember: (member: M) => L,
    private readonly codeOf: CodeOf,
  ) {
    this.together = new Trie(members.map(m => m.trie.name).join(' + '));
  }

  /** The tree that is walked. */
  get trie(): Trie<Leaf> {
    return this.members.length === 1 ? this.members[0]!.trie : this.together;
  }

  /** The joint answer that a leaf of `trie` stands for. */
  answerOf(leaf: Leaf): JointLeaf<L> {
    return this.members.length === 1 ? this.jointOf([leaf as L], leaf.id) : (leaf as JointLeaf<L>);
  }

  resolve(): JointLeaf<L> {
    if (this.members.length > 1) return this.together.find(this.codeOf) ?? this.learn();
    return this.answerOf(this.resolveMember(this.members[0]!));
  }

  get all(): Iterable<JointLeaf<L>> {
    return this.leaves.values();
  }

  private learn(): JointLeaf<L> {
    const log = new Log();
    const found = this.members.map(m => {
      const leaf = this.resolveMember(m);
      log.addAll(m.trie.path(this.codeOf));
      return leaf;
    });
    const joint = this.of(found);
    this.together.learn(log.reads, this.codeOf, joint);
    return joint;
  }

  /** The joint answer of these, one of each member. */
  of(found: readonly L[]): JointLeaf<L> {
    return this.jointOf(found, found.map(l => l.id).join());
  }

  private jointOf(found: readonly L[], key: string | number): JointLeaf<L> {
    let joint = this.leaves.get(key);
    if (joint === undefined) {
      joint = new JointLeaf(found);
      this.leaves.set(key, joint);
    }
    return joint;
  }
}

/** How a unit answered in each state of a sample, as small numbers. */
interface Answers<M> {
  readonly members: readonly M[];
  readonly first: number;
  readonly by: Int32Array;
  readonly distinct: number;
}

const FREE = 64;
const MORE = 1.25;

/**
 * Groups units so that a group has hardly more different answers than its richest member: then one walk
 * does for all, and the tree does not grow into a product. Decided by a sample of states.
 */
export function grouped<M extends Member<Leaf>>(
  units: readonly M[],
  answers: readonly { readonly unit: M; readonly leaves: Int32Array; readonly reads: readonly Read[] }[],
): readonly (readonly M[])[] {
  if (answers[0] === undefined || answers[0].leaves.length === 0) return units.map(u => [u]);
  const alone = answers.map(({ unit, leaves, reads }): Answers<M> => {
    const { by, distinct } = numbered(leaves);
    return { members: [unit], first: reads[0]?.entity.id ?? -1, by, distinct };
  });
  alone.sort((a, b) => a.first - b.first || b.distinct - a.distinct);
  const groups: Answers<M>[] = [];
  for (const one of alone) {
    const at = groups.findIndex(g => together(g, one) !== null);
    if (at < 0) groups.push(one);
    else groups[at] = together(groups[at]!, one)!;
  }
  return groups.map(g => g.members);
}

function together<M>(a: Answers<M>, b: Answers<M>): Answers<M> | null {
  const most = Math.min(Math.max(FREE, MORE * Math.max(a.distinct, b.distinct)), a.by.length / 4);
  if (a.distinct > most || b.distinct > most) return null;
  const ids = new Map<number, number>();
  const by = new Int32Array(a.by.length);
  for (let i = 0; i < by.length; i++) {
    const key = a.by[i]! * 65536 + b.by[i]!;
    let id = ids.get(key);
    if (id === undefined) {
      id = ids.size;
      if (id >= most) return null;
      ids.set(key, id);
    }
    by[i] = id;
  }
  return { members: [...a.members, ...b.members], first: a.first, by, distinct: ids.size };
}

function numbered(leaves: Int32Array): { by: Int32Array; distinct: number } {
  const ids = new Map<number, number>();
  const by = leaves.map(leaf => {
    let id = ids.get(leaf);
    if (id === undefined) ids.set(leaf, (id = ids.size));
    return id;
  });
  return { by, distinct: ids.size };
}
