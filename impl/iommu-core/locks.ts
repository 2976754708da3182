// How do calls that run at the same time wait for each other?

/** First come, first served. */
export class Lock {
  #held = false;
  readonly #waiting: (() => void)[] = [];

  get held(): boolean {
    return this.#held;
  }

  async take(): Promise<void> {
    if (this.#held) await new Promise<void>(resume => this.#waiting.push(resume));
    this.#held = true;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next();
  }
}

/** How many are at something, for one who has to wait until nobody is. */
export class Gate {
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  enter(): void {
    this.#inside++;
  }

  leave(): void {
    if (--this.#inside > 0) return;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  async empty(): Promise<void> {
    while (this.#inside > 0) await new Promise<void>(resume => this.#waiting.push(resume));
  }
}
