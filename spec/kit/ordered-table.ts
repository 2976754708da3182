// How does a recording of any length keep its rows in order, with every older version still valid?
import { type Table, type Weigh, weightless } from './table.js';

/** A node of the tree. `height` keeps it balanced; the empty tree is null. */
interface Node<R> {
  readonly key: number;
  readonly row: R;
  readonly left: Node<R> | null;
  readonly right: Node<R> | null;
  readonly height: number;
}
type Tree<R> = Node<R> | null;

/** A table without bound: a height-balanced tree whose changes copy one path. `empty` stands for no row. */
export function orderedTable<R>(empty: R, weigh: Weigh<R> = weightless): Table<R> {
  return new OrderedTable<R>(null, 0, 0, empty, weigh);
}

class OrderedTable<R> implements Table<R> {
  constructor(
    private readonly root: Tree<R>,
    readonly size: number,
    readonly total: number,
    private readonly empty: R,
    private readonly weigh: Weigh<R>,
  ) {}

  get(key: number): R {
    return find(this.root, key)?.row ?? this.empty;
  }

  has(key: number): boolean {
    return find(this.root, key) !== null;
  }

  set(key: number, row: R): Table<R> {
    if (row === this.empty) return this.delete(key);
    const old = find(this.root, key);
    if (old?.row === row) return this;
    const more = this.weigh(row) - (old ? this.weigh(old.row) : 0);
    return this.with(insert(this.root, key, row), old ? this.size : this.size + 1, this.total + more);
  }

  delete(key: number): Table<R> {
    const old = find(this.root, key);
    if (!old) return this;
    return this.with(remove(this.root, key), this.size - 1, this.total - this.weigh(old.row));
  }

  clear(): Table<R> {
    return this.root === null ? this : this.with(null, 0, 0);
  }

  private with(root: Tree<R>, size: number, total: number): Table<R> {
    return new OrderedTable<R>(root, size, total, this.empty, this.weigh);
  }

  floor(key: number): number {
    let best = -1;
    for (let n = this.root; n; ) {
      if (n.key === key) return key;
      if (n.key < key) {
        best = n.key;
        n = n.right;
      } else n = n.left;
    }
    return best;
  }

  ceiling(key: number): number {
    let best = -1;
    for (let n = this.root; n; ) {
      if (n.key === key) return key;
      if (n.key > key) {
        best = n.key;
        n = n.left;
      } else n = n.right;
    }
    return best;
  }

  reduce<A>(step: (acc: A, row: R, key: number) => A, zero: A): A {
    return walk(this.root, step, zero);
  }
}

function walk<R, A>(tree: Tree<R>, step: (acc: A, row: R, key: number) => A, zero: A): A {
  if (!tree) return zero;
  return walk(tree.right, step, step(walk(tree.left, step, zero), tree.row, tree.key));
}

function find<R>(tree: Tree<R>, key: number): Tree<R> {
  let n = tree;
  while (n && n.key !== key) n = key < n.key ? n.left : n.right;
  return n;
}

const height = <R>(tree: Tree<R>): number => (tree ? tree.height : 0);

function node<R>(key: number, row: R, left: Tree<R>, right: Tree<R>): Node<R> {
  return { key, row, left, right, height: Math.max(height(left), height(right)) + 1 };
}

/** A node over two trees whose heights differ by two at most: one rotation or two restore the balance. */
function balanced<R>(key: number, row: R, left: Tree<R>, right: Tree<R>): Node<R> {
  const tilt = height(left) - height(right);
  if (tilt > 1 && left) {
    const { left: ll, right: lr } = left;
    if (height(ll) >= height(lr) || !lr) return node(left.key, left.row, ll, node(key, row, lr, right));
    return node(lr.key, lr.row, node(left.key, left.row, ll, lr.left), node(key, row, lr.right, right));
  }
  if (tilt < -1 && right) {
    const { left: rl, right: rr } = right;
    if (height(rr) >= height(rl) || !rl) return node(right.key, right.row, node(key, row, left, rl), rr);
    return node(rl.key, rl.row, node(key, row, left, rl.left), node(right.key, right.row, rl.right, rr));
  }
  return node(key, row, left, right);
}

function insert<R>(tree: Tree<R>, key: number, row: R): Node<R> {
  if (!tree) return node<R>(key, row, null, null);
  if (key === tree.key) return node(key, row, tree.left, tree.right);
  if (key < tree.key) return balanced(tree.key, tree.row, insert(tree.left, key, row), tree.right);
  return balanced(tree.key, tree.row, tree.left, insert(tree.right, key, row));
}

function remove<R>(tree: Tree<R>, key: number): Tree<R> {
  if (!tree) return null;
  if (key < tree.key) return balanced(tree.key, tree.row, remove(tree.left, key), tree.right);
  if (key > tree.key) return balanced(tree.key, tree.row, tree.left, remove(tree.right, key));
  if (!tree.left) return tree.right;
  if (!tree.right) return tree.left;
  let heir = tree.right;
  while (heir.left) heir = heir.left;
  return balanced(heir.key, heir.row, tree.left, remove(tree.right, heir.key));
}
