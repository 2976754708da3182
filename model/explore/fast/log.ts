// What has a rule read, in which order?
import { EMPTY, type Entity, type Question, WHOLE } from './entities.js';

/** A record has at most 62 fields. */
const keyOf = (entity: Entity, question: Question): number =>
  entity.id * 64 + (question === EMPTY ? 63 : question + 1);

/** One read: which entity, and what of it was asked. */
export interface Read {
  readonly entity: Entity;
  readonly question: Question;
}

/**
 * The reads of one run, each once. What a pure rule reads next depends only on what it has read, so the
 * log of a run is a path of a decision tree.
 */
export class Log {
  readonly reads: Read[] = [];
  private readonly seen = new Set<number>();

  add(entity: Entity, question: Question): void {
    const whole = keyOf(entity, WHOLE);
    const key = keyOf(entity, question);
    if (this.seen.has(whole) || this.seen.has(key)) return;
    this.seen.add(key);
    this.reads.push({ entity, question });
  }

  addAll(reads: readonly Read[]): void {
    for (const { entity, question } of reads) this.add(entity, question);
  }

  /** Takes back everything after the first `length` reads. */
  cut(length: number): void {
    for (const { entity, question } of this.reads.splice(length)) this.seen.delete(keyOf(entity, question));
  }
}
