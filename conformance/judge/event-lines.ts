// Which line of a recording reports an event, however long ago that was?

/** In `firstLine`: nobody told the line of these events. */
const UNTOLD = -1;

/**
 * Lines by event, added in ascending order. Kept as runs of events that lie equally far apart: most
 * recordings have as many lines for each event, and are one run however long they are.
 */
export class EventLines {
  /** By run. */
  private readonly firstEvent: number[] = [];
  private readonly firstLine: number[] = [];
  private readonly step: number[] = [];
  /** The event after the last one. */
  private end = 0;

  add(event: number, line: number): void {
    if (event > this.end) this.begin(this.end, UNTOLD);
    const run = this.firstEvent.length - 1;
    const many = event - (this.firstEvent[run] ?? event);
    const from = this.firstLine[run] ?? UNTOLD;
    if (from === UNTOLD || many === 0) this.begin(event, line);
    else if (many === 1) this.step[run] = line - from;
    else if (line !== from + many * this.step[run]!) this.begin(event, line);
    this.end = event + 1;
  }

  /** Undefined for an event whose line nobody told. */
  of(event: number): number | undefined {
    if (event >= this.end) return undefined;
    const { firstEvent } = this;
    let low = 0;
    let high = firstEvent.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (firstEvent[middle]! <= event) low = middle + 1;
      else high = middle;
    }
    const from = this.firstLine[low - 1] ?? UNTOLD;
    return from === UNTOLD ? undefined : from + (event - firstEvent[low - 1]!) * this.step[low - 1]!;
  }

  /** How many runs are kept. */
  get size(): number {
    return this.firstEvent.length;
  }

  private begin(event: number, line: number): void {
    this.firstEvent.push(event);
    this.firstLine.push(line);
    this.step.push(0);
  }
}
