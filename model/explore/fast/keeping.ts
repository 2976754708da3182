// How does the fast explorer write down what it knows, and how does it take it up again?
import type { Json, Snapshot, SnapshotHead } from '../snapshot.js';
import type { FastEngine } from './engine.js';
import type { Entities } from './entities.js';
import type { PackedQueue } from './packed.js';
import { fromJson, keepable } from './spelling.js';
import { CHUNK } from './store.js';

/** Where the exploration stands, besides the states. */
export type Standing = Omit<SnapshotHead, 'entities' | 'width' | 'places' | 'states'>;

/** Takes snapshots of one exploration. Values are spelled once, however often a snapshot is taken. */
export class Keeper {
  private readonly spelled: Json[][];

  constructor(private readonly entities: Entities) {
    this.spelled = Array.from({ length: entities.base }, () => []);
  }

  /** Valid until the exploration goes on: the states are not copied. */
  take(engine: FastEngine, standing: Standing): Snapshot {
    const { store, width } = engine;
    const { count } = store;
    const entities = this.entities.all.slice(0, this.entities.base).map((e, i) => {
      const values = this.spelled[i]!;
      for (let code = values.length; code < e.values.length; code++) values.push(keepable(e.values[code]));
      return { name: e.name, values };
    });
    const words: Int32Array[] = [];
    for (let n = 0; n < count; n += CHUNK)
      words.push(store.chunkOf(n).subarray(0, Math.min(CHUNK, count - n) * width));
    const head = { entities, width, places: engine.places(), states: count, ...standing };
    return { head, words };
  }
}

/** A snapshot that does not fit the world, though it should: its checksum was right. */
export class Unfit extends Error {}

/** Gives every value the code that it had. To be called before any state but the first is looked at. */
export function takeUpValues(
  entities: Entities,
  { head }: { readonly head: Pick<SnapshotHead, 'entities'> },
): void {
  const mine = entities.all.slice(0, entities.base);
  if (mine.length !== head.entities.length) throw new Unfit('a state of the snapshot has other parts');
  mine.forEach((e, i) => {
    const { name, values } = head.entities[i]!;
    if (e.name !== name) throw new Unfit(`the snapshot has ${name} where the world has ${e.name}`);
    values.forEach((json, code) => {
      if (e.codeOf(e.field!.intern(fromJson(json))) !== code)
        throw new Unfit(`the snapshot numbers the values of ${name} otherwise`);
    });
  });
}

/** The states of a snapshot, as the engine reads them. */
export function packedOf({ head, words }: Snapshot): PackedQueue {
  const { width, states: count, places } = head;
  return { queue: { width, count, chunkOf: n => words[Math.floor(n / CHUNK)]! }, places };
}
