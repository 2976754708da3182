// How does an exploration take up what an earlier one of the same law has learned?
import type { Knowledge, KnowledgeHead } from '../knowledge.js';
import type { Cluster } from './clusters.js';
import { type Entity, WHOLE } from './entities.js';
import { Joint, type JointLeaf, type Member } from './joint.js';
import { Unfit } from './keeping.js';
import { fromJson } from './spelling.js';
import { type Leaf, Node } from './trie.js';
import { type AnyUnits, CheckLeaf, type Ending, OpLeaf } from './units.js';
import { THREW, type View, ViewLeaf, type Views } from './views.js';

type Tree<L extends Leaf> = Node<L> | L | undefined;

/** The trees and leaves of a knowledge, read in the order in which they were written. */
class Reader {
  private at = 0;
  private readonly answers: readonly unknown[];
  private readonly outcomes: readonly unknown[];

  constructor(
    private readonly words: Int32Array,
    private readonly head: KnowledgeHead,
    private readonly entities: readonly Entity[],
  ) {
    this.answers = head.answers.map(fromJson);
    this.outcomes = head.outcomes.map(fromJson);
  }

  next(): number {
    if (this.at >= this.words.length) throw new Unfit('what was learned is cut short');
    return this.words[this.at++]!;
  }

  tree<L extends Leaf>(leafOf: (number: number) => L): Tree<L> {
    const open: { readonly node: Node<L>; left: number }[] = [];
    const enter = (): Tree<L> => {
      const first = this.next();
      if (first === 0) return undefined;
      if (first < 0) return leafOf(-1 - first);
      const node = new Node<L>(this.entity(first - 1), this.next());
      open.push({ node, left: this.next() });
      return node;
    };
    const root = enter();
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      if (top.left-- === 0) {
        open.pop();
        continue;
      }
      const answer = this.next();
      const kid = enter();
      if (kid !== undefined) top.node.set(top.node.question === WHOLE ? answer : this.answers[answer], kid);
    }
    return root;
  }

  op(): OpLeaf {
    const offered = this.next() === 1;
    const moves = this.next();
    const broken = this.next();
    const endings = this.next();
    const breaks = this.many(broken, () => this.name());
    return new OpLeaf(
      offered,
      this.many(endings, () => this.ending()),
      moves,
      breaks,
    );
  }

  many<A>(count: number, one: () => A): A[] {
    return Array.from({ length: count }, one);
  }

  ended(): boolean {
    return this.at === this.words.length;
  }

  private ending(): Ending {
    const rule = this.name();
    const outcome = this.outcomes[this.next()] as Ending['outcome'];
    const changes = this.many(this.next(), () => {
      const entity = this.entity(this.next());
      return { entity, from: this.next(), to: this.next() };
    });
    return { rule, outcome, changes };
  }

  private name(): string {
    return this.head.names[this.next()]!;
  }

  private entity(id: number): Entity {
    return this.entities[id] ?? this.unknown();
  }

  private unknown(): never {
    throw new Unfit('what was learned speaks of a part that the world does not have');
  }
}

/** The derived values as they were. Their selectors must have been met by name. */
export function recallViews(views: Views, { head }: Knowledge): void {
  for (const v of head.views) {
    const what = views.selectors.get(v.name);
    if (what === undefined) throw new Unfit(`the selector ${v.name} was not met, or is two`);
    const field = v.scan === undefined ? undefined : views.entities.fields[v.scan.field];
    if (v.scan !== undefined) {
      if (field === undefined || what.scan === undefined) throw new Unfit(`${v.name} is no fold`);
      views.scannedField(what.scan.pick as unknown as (s: object) => object);
    }
    const args = v.args.map(fromJson);
    const scan = v.scan && { field: field!, without: v.scan.without };
    const view = views.viewOf(what, args, scan);
    for (const value of v.values) view.entity.codeOf(isThrew(value) ? THREW : fromJson(value));
  }
  const { all } = views.entities;
  head.views.forEach((v, i) => {
    const view = views.list[i] as View | undefined;
    if (view?.what.name !== v.name) throw new Unfit('two derived values are one');
    for (const id of v.direct) view.direct.add(all[id]!);
    for (const id of v.spared) view.spared.add(all[id]!);
  });
}

const isThrew = (json: unknown): boolean => typeof json === 'object' && json !== null && '$threw' in json;

/** Everything that the units know, and which of them are walked together. */
export function recallAnswers({ head, words }: Knowledge, views: Views, units: AnyUnits): readonly Cluster[] {
  const reader = new Reader(words, head, views.entities.all);
  for (const v of views.list) v.trie.root = reader.tree(code => new ViewLeaf(code));
  const [checkCount, opCount] = [reader.next(), reader.next()];
  const checks = reader.many(checkCount, () => new CheckLeaf(reader.next() === 1));
  const ops = reader.many(opCount, () => reader.op());
  for (const c of units.checks) c.trie.root = reader.tree(n => checks[n]!);
  for (const o of units.ops) o.trie.root = reader.tree(n => ops[n]!);
  const clusters = head.clusters.map(({ kind, members }): Cluster => {
    if (kind === 'check') {
      const mine = members.map(n => units.checks[n]!);
      const joint = new Joint(mine, u => units.resolveCheck(u), views.codeOf);
      recallJoint(reader, joint, checks);
      return { kind, joint };
    }
    const mine = members.map(n => units.ops[n]!);
    const joint = new Joint(mine, u => units.resolveOp(u), views.codeOf);
    recallJoint(reader, joint, ops);
    return { kind, joint };
  });
  if (!reader.ended()) throw new Unfit('something follows what was learned');
  return clusters;
}

function recallJoint<M extends Member<L>, L extends Leaf>(
  reader: Reader,
  joint: Joint<M, L>,
  leaves: readonly L[],
): void {
  const known = reader.many(reader.next(), () =>
    joint.of(reader.many(joint.members.length, () => leaves[reader.next()]!)),
  );
  joint.together.root = reader.tree<JointLeaf<L>>(n => known[n]!);
}
