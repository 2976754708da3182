// How much work may the law do for one recording before it gives up?
import { GaveUp } from '../law/gave-up.js';

/**
 * Work that is left, in steps of some nanoseconds; shared by all states of one recording, and the one thing
 * in them that changes. It decides nothing but whether the law gives up.
 */
export interface Meter {
  left: number;
  /** The last event that brought steps back. */
  event: number;
}

/** Enough for seconds of the worst recording, and memory for half a gigabyte of it. */
const MOST_STEPS = 40_000_000;
/** What every event brings back: no recording of a kernel needs more on the average. */
const STEPS_PER_EVENT = 20_000;
const STEPS_PER_STATE = 400;
/** The most parts of all alternatives of one cluster. */
const MOST_PARTS = 400_000;

/**
 * The recording leaves more open than can be carried exactly. Neither an acceptance nor a refusal: whoever
 * judges must report the judgement as unfinished.
 */
export class TooManyPossibilities extends GaveUp {
  constructor(what: string) {
    super(`${what}: the recording leaves too much open to be judged exactly`);
  }
}

export const fullMeter = (): Meter => ({ left: MOST_STEPS, event: -1 });

/** Takes steps off the meter. A bounded world has none, and is small. */
export function spend(meter: Meter | null, steps: number): void {
  if (meter === null) return;
  meter.left -= steps;
  if (meter.left < 0) throw new TooManyPossibilities('too much work to find out what is possible');
}

/** Each event brings steps back once, however many states it is judged in; each state that it leads to costs some. */
export function refill(meter: Meter | null, event: number): void {
  if (meter === null) return;
  if (event > meter.event) {
    meter.event = event;
    meter.left = Math.min(MOST_STEPS, meter.left + STEPS_PER_EVENT);
  }
  spend(meter, STEPS_PER_STATE);
}

/** Refuses more than can be held: `many` alternatives of `parts` parts each. */
export function hold(meter: Meter | null, many: number, parts: number): void {
  if (meter !== null && many * (parts + 1) > MOST_PARTS) {
    throw new TooManyPossibilities('too many ways to assign domains');
  }
}
