// Which answer belongs to what a run has read? A decision tree that is learned, and walked fast.
import type { Entity, Question } from './entities.js';
import type { Read } from './log.js';

/** A question about one entity, with a child for each answer met so far. */
export class Node<L extends object> {
  /** Most nodes have one child: it needs no map. */
  private answer: unknown = undefined;
  private only: Node<L> | L | undefined = undefined;
  private others: Map<unknown, Node<L> | L> | undefined = undefined;
  /** Offset in the flat form, of layout generation `generation`. */
  flat = 0;
  generation = -1;

  constructor(
    readonly entity: Entity,
    readonly question: Question,
  ) {}

  /** The child for an answer, if it has been met. */
  get(answer: unknown): Node<L> | L | undefined {
    return answer === this.answer ? this.only : this.others?.get(answer);
  }

  set(answer: unknown, child: Node<L> | L): void {
    if (this.only === undefined) {
      this.answer = answer;
      this.only = child;
    } else (this.others ??= new Map()).set(answer, child);
  }

  /** In the order of `kids`. */
  get answersOfKids(): readonly unknown[] {
    return this.only === undefined ? [] : [this.answer, ...(this.others?.keys() ?? [])];
  }

  get kids(): readonly (Node<L> | L)[] {
    return this.only === undefined ? [] : [this.only, ...(this.others?.values() ?? [])];
  }

  /** The child for the state looked at. */
  next(codeOf: CodeOf): Node<L> | L | undefined {
    return this.get(this.entity.answer(this.question, codeOf(this.entity)));
  }
}

/** The code that an entity has in the state looked at. */
export type CodeOf = (entity: Entity) => number;

/** A run did not read what it read before, though everything that it had read until then was equal. */
export class Impure extends Error {}

/**
 * The runs of one pure function, by what they read. Exact: a run finds an answer only if everything that
 * the function read when the answer was learned is equal.
 */
export class Trie<L extends object> {
  root: Node<L> | L | undefined;

  constructor(readonly name: string) {}

  find(codeOf: CodeOf): L | undefined {
    let at = this.root;
    while (at instanceof Node) at = at.next(codeOf) as Node<L> | L | undefined;
    return at;
  }

  /** What the run behind `find` has read. */
  path(codeOf: CodeOf): readonly Read[] {
    const reads: Read[] = [];
    let at = this.root;
    while (at instanceof Node) {
      reads.push(at);
      at = at.next(codeOf) as Node<L> | L | undefined;
    }
    return reads;
  }

  /** Adds what a run has read and what it came to. */
  learn(reads: readonly Read[], codeOf: CodeOf, leaf: L): void {
    let parent: Node<L> | undefined;
    let answer: unknown;
    for (const { entity, question } of reads) {
      let at = parent === undefined ? this.root : parent.get(answer);
      if (at === undefined) {
        at = new Node<L>(entity, question);
        this.hang(parent, answer, at);
      }
      if (!(at instanceof Node) || at.entity !== entity || at.question !== question) {
        throw new Impure(
          `'${this.name}' is not a function of what it reads: with equal reads so far it once read ${at instanceof Node ? at.entity.name : 'nothing more'} and now ${entity.name}`,
        );
      }
      parent = at;
      answer = entity.answer(question, codeOf(entity));
    }
    const there = parent === undefined ? this.root : parent.get(answer);
    if (there !== undefined)
      throw new Impure(
        `'${this.name}' is not a function of what it reads: equal reads, and it went on before`,
      );
    this.hang(parent, answer, leaf);
  }

  private hang(parent: Node<L> | undefined, answer: unknown, child: Node<L> | L): void {
    if (parent === undefined) this.root = child;
    else parent.set(answer, child);
  }
}

/** An answer, with its place in the flat form. */
export class Leaf {
  private static last = 0;
  readonly id = ++Leaf.last;
  flat = 0;
  generation = -1;
}
