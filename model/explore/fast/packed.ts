// How are packed states read in order, as they are or in another layout?
import { type Layout, pack } from './layout.js';
import { CHUNK, type States } from './store.js';

/** Of an entity: id, word, shift, bits. */
export type Place = readonly [number, number, number, number];

/** States as they were packed by another engine. */
export interface PackedQueue {
  readonly queue: Pick<States, 'width' | 'count' | 'chunkOf'>;
  readonly places: readonly Place[];
}

/** The states of another layout as those of this one, a chunk at a time; the array is used again. */
export function* repacked(
  { queue, places }: PackedQueue,
  layout: Layout,
  codes: Int32Array,
): Iterable<Int32Array> {
  const { width } = layout;
  const buffer = new Int32Array(CHUNK * width);
  for (let n = 0; n < queue.count; n += CHUNK) {
    const words = queue.chunkOf(n);
    const many = Math.min(CHUNK, queue.count - n);
    for (let i = 0; i < many; i++) {
      for (const [id, word, shift, bits] of places)
        codes[id] = (words[i * queue.width + word]! >>> shift) & ((1 << bits) - 1);
      pack(layout, codes, buffer, i * width);
    }
    yield buffer.subarray(0, many * width);
  }
}

/** All states as they are, a chunk at a time. */
export function* inPieces(store: States): Iterable<Int32Array> {
  const { width, count } = store;
  for (let n = 0; n < count; n += CHUNK)
    yield store.chunkOf(n).subarray(0, Math.min(CHUNK, count - n) * width);
}
