// How is a guest of this very process reached as a target?
import type { Arrival, Dial, Link } from '../../../conformance/targets/link.js';
import type { Responder } from '../../../conformance/targets/responder.js';

/** What all links of a dial have seen. */
export interface Seen {
  boots: number;
  resets: number;
  /** Milliseconds that all resets took. */
  resetTime: number;
}

/** A guest that answers. */
export interface Guest {
  readonly responder: Responder;
  end(): void;
}

/** Boots a guest for each link. `booted` is told each of them. */
export function guestDial<G extends Guest>(
  boot: () => Promise<G>,
  seen: Seen,
  booted: (guest: G) => void,
): Dial {
  return async () => {
    const target = await boot();
    seen.boots++;
    booted(target);
    return new Within(target, seen);
  };
}

class Within implements Link {
  readonly said: readonly string[] = [];
  private readonly arrived: Arrival[] = [];
  private working = Promise.resolve();

  constructor(
    private readonly target: Guest,
    private readonly seen: Seen,
  ) {}

  get waiting(): boolean {
    return this.arrived.length > 0;
  }

  send(line: string): void {
    this.working = this.working.then(async () => {
      const began = performance.now();
      try {
        const text = await this.target.responder.answer(line);
        if (text !== undefined) this.arrived.push({ is: 'line', text });
      } catch (error) {
        this.arrived.push({ is: 'ended', says: (error as Error).message.slice(0, 500) });
      }
      if (!line.startsWith('{"reset":')) return;
      this.seen.resets++;
      this.seen.resetTime += performance.now() - began;
    });
  }

  async receive(ms: number): Promise<Arrival> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.working, late]);
    clearTimeout(timer);
    return this.arrived.shift() ?? { is: 'silence' };
  }

  fresh(): void {}

  async close(): Promise<void> {
    this.target.end();
  }
}
