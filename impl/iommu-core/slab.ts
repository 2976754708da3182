// How is an object a plain number, and how is one that was given back told from the one that took its place?

/** Slots that a handle can tell apart. */
const SLOTS = 2 ** 20;
/** A handle stays below 2^53: always a whole number, and a small one for a long time. */
const GENERATIONS = 2 ** 32 - 1;

/**
 * Objects behind handles. A handle is `generation * 2^20 + slot`. The generation goes up when the object is given
 * back, and a slot whose generations are used up is never given out again, so a stale handle cannot become valid
 * by any wrap.
 */
export class Slab<T> {
  readonly #objects: (T | undefined)[] = [];
  readonly #generation: number[] = [];
  readonly #free: number[] = [];
  readonly #generations: number;
  readonly #slots: number;
  size = 0;

  constructor(slots = SLOTS, generations = GENERATIONS) {
    this.#slots = Math.min(slots, SLOTS);
    this.#generations = generations;
  }

  /** A handle for the object, or -1: none is left. */
  add(object: T): number {
    let slot = this.#free.pop();
    if (slot === undefined) {
      if (this.#objects.length === this.#slots) return -1;
      slot = this.#objects.length;
      this.#objects.push(undefined);
      this.#generation.push(0);
    }
    this.#objects[slot] = object;
    this.size++;
    return this.#generation[slot] * SLOTS + slot;
  }

  /** The object behind a handle that is still good; any other number (stale, negative, a fraction) is nobody's. */
  get(handle: number): T | undefined {
    const slot = handle % SLOTS;
    const object = this.#objects[slot];
    return object !== undefined && this.#generation[slot] * SLOTS + slot === handle ? object : undefined;
  }

  /** Gives the object back. Its handle is stale from now on. */
  remove(handle: number): boolean {
    if (this.get(handle) === undefined) return false;
    const slot = handle % SLOTS;
    this.#objects[slot] = undefined;
    this.size--;
    if (++this.#generation[slot] < this.#generations) this.#free.push(slot);
    return true;
  }

  /** Gives everything back. Handles from before stay stale. */
  clear(): void {
    for (let slot = 0; slot < this.#objects.length; slot++) {
      if (this.#objects[slot] !== undefined) this.remove(this.#generation[slot] * SLOTS + slot);
    }
  }
}
