// How is a descriptor a plain number, and how is one that was closed told from the one that took its place?
import { EMFILE } from '../errno.js';

/** What a slot is, in `HandleSlab.kind`. A dead handle is open, but its device was revoked. */
export const FREE = 0;
export const GROUP = 1;
export const CONTEXT = 2;
export const DEVICE = 3;
export const DEAD = 4;

const MOST_SLOTS = 2 ** 20;
/** With 20 bits of slot a handle stays below 2^52: always a whole number, and a small one for a long time. */
const GENERATIONS = 2 ** 32 - 1;

/**
 * A handle is `generation * slots + slot`. The generation goes up when the slot is freed, and a slot whose
 * generations are used up is never given out again, so a stale handle cannot become valid by any wrap.
 */
export class HandleSlab {
  readonly slots: number;
  readonly kind: Uint8Array;
  /** Position of the group, device or context. */
  readonly target: Int32Array;
  readonly mm: Int32Array;
  /** Slots from here on were never used: scans end here. */
  used = 0;

  readonly #generation: Uint32Array;
  readonly #nextFree: Int32Array;
  readonly #mask: number;
  readonly #generations: number;
  #firstFree = -1;

  constructor(wanted: number, generations: number = GENERATIONS) {
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST_SLOTS) {
      throw new RangeError(`a machine has 1 to ${MOST_SLOTS} handles, not ${wanted}`);
    }
    this.slots = 2 ** Math.ceil(Math.log2(wanted));
    this.#mask = this.slots - 1;
    this.#generations = generations;
    this.kind = new Uint8Array(this.slots);
    this.target = new Int32Array(this.slots);
    this.mm = new Int32Array(this.slots);
    this.#generation = new Uint32Array(this.slots);
    this.#nextFree = new Int32Array(this.slots);
  }

  /** A new handle, or -EMFILE. */
  take(kind: number, target: number, mm: number): number {
    let slot = this.#firstFree;
    if (slot >= 0) this.#firstFree = this.#nextFree[slot];
    else if (this.used < this.slots) slot = this.used++;
    else return -EMFILE;
    this.kind[slot] = kind;
    this.target[slot] = target;
    this.mm[slot] = mm;
    return this.#generation[slot] * this.slots + slot;
  }

  /** The slot behind an open handle; -1 for any other number. */
  slotOf(handle: number): number {
    const slot = handle & this.#mask;
    // A number that is no handle at all (negative, a fraction, NaN) equals no generation.
    if (this.#generation[slot] * this.slots + slot !== handle || this.kind[slot] === FREE) return -1;
    return slot;
  }

  free(slot: number): void {
    this.kind[slot] = FREE;
    this.target[slot] = -1;
    if (++this.#generation[slot] >= this.#generations) return;
    this.#nextFree[slot] = this.#firstFree;
    this.#firstFree = slot;
  }

  /** Closes everything. Handles from before stay stale. */
  reset(): void {
    for (let slot = 0; slot < this.used; slot++) if (this.kind[slot] !== FREE) this.free(slot);
  }
}
