// How do calls that run at the same time wait for each other?

/** What each lock keeps; `freeing`: who frees a domain waits for the calls that were given its name. */
export type Guarded = 'probing' | 'numbers' | 'group' | 'format' | 'freeing';

/** `none`: nobody waits for anybody; `without`: one of the locks is missing. To see what that does. */
export type Locking = 'by-group' | 'none' | { readonly without: Guarded };

export const isOpen = (locking: Locking, what: Guarded): boolean =>
  locking === 'none' || (typeof locking === 'object' && locking.without === what);

/** First come, first served. `open`: nobody waits for it. */
export class Lock {
  #held = false;
  readonly #waiting: (() => void)[] = [];
  readonly #open: boolean;

  constructor(open = false) {
    this.#open = open;
  }

  get held(): boolean {
    return this.#held;
  }

  async take(): Promise<void> {
    if (this.#open) return;
    if (this.#held) await new Promise<void>(resume => this.#waiting.push(resume));
    this.#held = true;
  }

  release(): void {
    if (this.#open) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next();
  }
}

/** How many are at something, for one who has to wait until nobody is. */
export class Gate {
  #inside = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #open: boolean;

  constructor(open = false) {
    this.#open = open;
  }

  enter(): void {
    this.#inside++;
  }

  leave(): void {
    if (--this.#inside > 0) return;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  async empty(): Promise<void> {
    while (this.#inside > 0 && !this.#open) await new Promise<void>(resume => this.#waiting.push(resume));
  }
}
