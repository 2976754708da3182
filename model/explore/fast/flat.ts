// How are the decision trees walked at speed? As numbers in one array, two questions to a node.
import type { Entity } from './entities.js';
import { type CodeOf, type Leaf, Node, type Trie } from './trie.js';

/** A node on two entities has at most so many children, as a power of two. */
const PAIR_BITS = 8;
/** Words of a node before its children. */
const HEAD = 2;

type Tree<L extends Leaf> = Node<L> | L;
type PlaceOf<L> = (leaf: L) => number;

/** What a flat node asks: one entity or two, and where their codes lie in the number of a child. */
interface Shape {
  readonly first: Entity;
  readonly second: Entity | undefined;
  readonly firstAt: number;
  readonly secondAt: number;
}

/**
 * The tries as one array of numbers. A node is a description of two entities (word, shift and mask in the
 * packed state; the second may be none) and one child for each pair of codes: above 0 a node, below 0 a
 * leaf, 0 not known yet. Questions about one entity that follow each other are one node, because the code
 * answers them all.
 */
export class Flat {
  words = new Int32Array(1 << 16);
  private used = 1;
  /** By place of the node. */
  private readonly shapes = new Map<number, Shape>();
  generation = 0;

  /** Forgets everything: the layout has changed, or more is known of what is asked together. */
  clear(): void {
    this.used = 1;
    this.shapes.clear();
    this.generation++;
  }

  get size(): number {
    return this.used;
  }

  /** Completes the flat walk of `trie` for the state looked at; gives its root's and its leaf's place. */
  thread<L extends Leaf>(
    trie: Trie<L>,
    codeOf: CodeOf,
    leafOf: PlaceOf<L>,
  ): { readonly root: number; readonly leaf: number } {
    let at = passing(trie.root!, codeOf, undefined, undefined)!;
    const root = this.place(at, leafOf);
    let place = root;
    while (at instanceof Node) {
      const from = at.flat;
      const shape = this.shapes.get(from)!;
      const { first, second } = shape;
      let next: Tree<L> = passing(at.next(codeOf)!, codeOf, first, undefined)!;
      const both = second !== undefined && next instanceof Node && next.entity === second;
      if (both) next = passing((next as Node<L>).next(codeOf)!, codeOf, first, second)!;
      place = this.place(next, leafOf);
      this.link(from, shape, codeOf(first), both ? codeOf(second) : undefined, place);
      at = next;
    }
    return { root, leaf: -place };
  }

  /** All that is known of `trie`; gives its root's place. A leaf whose place is 0 is left unknown. */
  whole<L extends Leaf>(trie: Trie<L>, leafOf: PlaceOf<L>): number {
    if (trie.root === undefined) return 0;
    const root = passing(trie.root, () => 0, undefined, undefined);
    if (root === undefined) return 0;
    const place = this.place(root, leafOf);
    const met = new Set([root]);
    for (const at of met) if (at instanceof Node) this.linkAll(at, leafOf, child => met.add(child));
    return place;
  }

  /** Links every known child. Several codes may lead to the same one. */
  private linkAll<L extends Leaf>(node: Node<L>, leafOf: PlaceOf<L>, meet: (child: Tree<L>) => void): void {
    const from = node.flat;
    const shape = this.shapes.get(from)!;
    const { first, second } = shape;
    const link = (child: Tree<L>, code: number, secondCode: number | undefined): void => {
      this.link(from, shape, code, secondCode, this.place(child, leafOf));
      meet(child);
    };
    const codes: Codes = { first, second, firstCode: 0, secondCode: 0 };
    const codeOf: CodeOf = e => (e === first ? codes.firstCode : e === second ? codes.secondCode : 0);
    for (codes.firstCode = 0; codes.firstCode < known(first); codes.firstCode++) {
      const next = passing(node.next(codeOf), codeOf, first, undefined);
      if (next === undefined) continue;
      if (second === undefined || !(next instanceof Node) || next.entity !== second) {
        link(next, codes.firstCode, undefined);
        continue;
      }
      for (codes.secondCode = 0; codes.secondCode < known(second); codes.secondCode++) {
        const last = passing(next.next(codeOf), codeOf, first, second);
        if (last !== undefined) link(last, codes.firstCode, codes.secondCode);
      }
    }
  }

  private link(
    from: number,
    shape: Shape,
    code: number,
    secondCode: number | undefined,
    place: number,
  ): void {
    const { second, firstAt, secondAt } = shape;
    const at = from + HEAD + (code << firstAt);
    if (second === undefined) this.words[at] = place;
    else if (secondCode !== undefined) this.words[at + (secondCode << secondAt)] = place;
    else for (let c = 0; c < 1 << second.bits; c++) this.words[at + (c << secondAt)] = place;
  }

  /** The flat child that stands for `at`. */
  private place<L extends Leaf>(at: Tree<L>, leafOf: PlaceOf<L>): number {
    return at instanceof Node ? this.node(at) : -leafOf(at);
  }

  private node<L extends object>(node: Node<L>): number {
    if (node.generation === this.generation) return node.flat;
    const shape = shapeFor(node);
    const { first, second, firstAt, secondAt } = shape;
    const size = HEAD + (1 << (first.bits + (second?.bits ?? 0)));
    if (this.used + size > this.words.length) {
      const larger = new Int32Array(Math.max(this.words.length * 2, this.used + size));
      larger.set(this.words);
      this.words = larger;
    }
    node.flat = this.used;
    node.generation = this.generation;
    this.shapes.set(this.used, shape);
    this.words.fill(0, this.used, this.used + size);
    this.words[this.used] = described(first, firstAt);
    if (second !== undefined) this.words[this.used + 1] = described(second, secondAt);
    this.used += size;
    return node.flat;
  }
}

interface Codes {
  readonly first: Entity;
  readonly second: Entity | undefined;
  firstCode: number;
  secondCode: number;
}

/** How many codes of an entity have a place in the layout. */
const known = (entity: Entity): number => Math.min(entity.values.length, 1 << entity.bits);

/** Word, shift and mask, so that the code comes out shifted up by `at`. */
const described = (e: Entity, at: number): number =>
  e.word | ((e.shift - at) << 5) | ((((1 << e.bits) - 1) << at) << 10);

/** From `at` on, past everything that these two answer, and what has one value only. */
function passing<L extends Leaf>(
  at: Tree<L> | undefined,
  codeOf: CodeOf,
  first: Entity | undefined,
  second: Entity | undefined,
): Tree<L> | undefined {
  let to = at;
  while (to instanceof Node && (to.entity === first || to.entity === second || to.entity.bits === 0))
    to = to.next(codeOf) as Tree<L> | undefined;
  return to;
}

/** The second entity is the one that most children ask for, if the two fit one node. */
function shapeFor<L extends object>(node: Node<L>): Shape {
  const first = node.entity;
  const alone: Shape = { first, second: undefined, firstAt: 0, secondAt: 0 };
  const votes = new Map<Entity, number>();
  for (const kid of node.kids) {
    let to: unknown = kid;
    while (to instanceof Node && (to.entity === first || to.entity.bits === 0)) to = to.kids[0];
    if (to instanceof Node) votes.set(to.entity, (votes.get(to.entity) ?? 0) + 1);
  }
  let second: Entity | undefined;
  for (const [entity, many] of votes) if (many > (votes.get(second!) ?? 0)) second = entity;
  if (second === undefined || second.bits <= 0 || first.bits + second.bits > PAIR_BITS) return alone;
  if (second.shift >= first.bits) return { first, second, firstAt: 0, secondAt: first.bits };
  if (first.shift >= second.bits) return { first, second, firstAt: second.bits, secondAt: 0 };
  return alone;
}
