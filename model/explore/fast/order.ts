// In which order do packed states lie on disk, and how are many of them sorted?

/** A digit of eleven bits, three to a word; the highest has the sign, which comes first when it is set. */
const RADIX = 1 << 11;
const DIGITS = 3;

const digitOf = (word: number, digit: number): number =>
  digit === 2 ? (word >>> 22) ^ 0x200 : (word >>> (11 * digit)) & (RADIX - 1);

/** Below 0, 0 or above: by the words as signed numbers, the first one first. */
export function compareStates(a: Int32Array, i: number, b: Int32Array, j: number, width: number): number {
  for (let w = 0; w < width; w++) {
    const x = a[i + w]!;
    const y = b[j + w]!;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/**
 * Sorts `count` states at the beginning of `states` by their digits, the last one first. Gives that one of the
 * two arrays in which they lie then.
 */
export function sortStates(
  states: Int32Array,
  count: number,
  width: number,
  scratch: Int32Array,
): Int32Array {
  const tallies = tallied(states, count, width);
  let from = states;
  let to = scratch;
  for (let w = width - 1; w >= 0; w--) {
    for (let digit = 0; digit < DIGITS; digit++) {
      const places = tallies.subarray((w * DIGITS + digit) * RADIX, (w * DIGITS + digit + 1) * RADIX);
      // All have the same digit: nothing to do.
      if (places[digitOf(from[w]!, digit)] === count) continue;
      for (let i = 0, sum = 0; i < RADIX; i++) {
        const n = places[i]!;
        places[i] = sum;
        sum += n;
      }
      deal(from, to, count, width, w, digit, places);
      [from, to] = [to, from];
    }
  }
  return from;
}

/** How often each digit of each word has each value. */
function tallied(states: Int32Array, count: number, width: number): Int32Array {
  const tallies = new Int32Array(width * DIGITS * RADIX);
  for (let at = 0; at < count * width; at += width) {
    for (let w = 0; w < width; w++) {
      const word = states[at + w]!;
      const first = w * DIGITS * RADIX;
      tallies[first + (word & (RADIX - 1))]!++;
      tallies[first + RADIX + ((word >>> 11) & (RADIX - 1))]!++;
      tallies[first + 2 * RADIX + ((word >>> 22) ^ 0x200)]!++;
    }
  }
  return tallies;
}

/** Each state to the next place for its digit. */
function deal(
  from: Int32Array,
  to: Int32Array,
  count: number,
  width: number,
  w: number,
  digit: number,
  places: Int32Array,
): void {
  const shift = 11 * digit;
  const flip = digit === 2 ? 0x200 : 0;
  for (let at = 0; at < count * width; at += width) {
    const value = ((from[at + w]! >>> shift) & (RADIX - 1)) ^ flip;
    const place = places[value]!++ * width;
    for (let i = 0; i < width; i++) to[place + i] = from[at + i]!;
  }
}
