// How do processes of this machine take units, and what becomes of one that ends its process?
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Campaign, Unit } from './file.js';
import { type Result, resultOf } from './results.js';

export interface Asked {
  readonly argv: readonly string[];
  /** Is it a part of a run that is merged? */
  readonly merged: boolean;
}

export interface Told {
  readonly code: number;
  readonly said: string;
  readonly data?: unknown;
  readonly blob?: unknown;
}

/** So often a unit is begun. */
export const TRIES = 3;
const HAND = fileURLToPath(new URL('./hand.js', import.meta.url));
const SAID = 4096;

/** A unit came to nothing: its process died, took too long, or ended with a code that is no verdict. */
export class Lost extends Error {
  constructor(
    readonly how: string,
    readonly said: string,
  ) {
    super(`${how}${said === '' ? '' : `; it said: ${said}`}`);
  }
}

/** A process that runs units one after the other, and is started anew when one of them ends it. */
export class Hand {
  private child: ChildProcess | undefined;
  private said = '';

  /** Throws `Lost`. */
  async run(unit: Unit, { law, limit }: Campaign, tries: number): Promise<Result> {
    const began = performance.now();
    const told = await this.ask({ argv: unit.argv, merged: unit.group !== undefined }, limit);
    const { code, said, data, blob } = told;
    if (data === undefined) throw new Lost(`it ended with ${code}`, said);
    const seconds = Number(((performance.now() - began) / 1000).toFixed(3));
    return resultOf(unit, law, { tries, seconds, code, data, ...(blob !== undefined && { blob }) });
  }

  close(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  private ask(asked: Asked, limit: number): Promise<Told> {
    const child = this.ready();
    this.said = '';
    return new Promise((resolve, reject) => {
      const clear = (): void => {
        clearTimeout(timer);
        child.off('message', heard);
        child.off('exit', gone);
      };
      const heard = (told: Told): void => {
        clear();
        resolve(told);
      };
      const gone = (code: number | null, signal: string | null): void => {
        clear();
        this.child = undefined;
        reject(new Lost(`its process ended by ${signal ?? `exit ${code}`}`, this.said));
      };
      const timer = setTimeout(() => {
        clear();
        this.close();
        reject(new Lost(`it took longer than ${limit} s`, this.said));
      }, limit * 1000);
      child.on('message', heard);
      child.on('exit', gone);
      child.send(asked);
    });
  }

  private ready(): ChildProcess {
    if (this.child !== undefined) return this.child;
    const child = fork(HAND, [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const hear = (piece: Buffer): void => {
      this.said = (this.said + piece.toString('utf8')).slice(-SAID);
    };
    child.stdout!.on('data', hear);
    child.stderr!.on('data', hear);
    this.child = child;
    return child;
  }
}

/** Runs the unit until it comes to something, or has been tried often enough. */
export async function tried(hand: Hand, unit: Unit, campaign: Campaign): Promise<Result> {
  for (let tries = 1; ; tries++) {
    const began = performance.now();
    try {
      return await hand.run(unit, campaign, tries);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      if (tries < TRIES) continue;
      const seconds = Number(((performance.now() - began) / 1000).toFixed(3));
      const aside = { how: error.how, said: error.said };
      return resultOf(unit, campaign.law, { tries, seconds, aside });
    }
  }
}

/** So many hands work through the units; each result is told as it comes. */
export async function workThrough(
  units: readonly Unit[],
  campaign: Campaign,
  many: number,
  came: (unit: Unit, result: Result) => void,
): Promise<void> {
  const left = units.values();
  const hands = Array.from({ length: Math.min(many, units.length) }, () => new Hand());
  try {
    await Promise.all(
      hands.map(async hand => {
        for (const unit of left) came(unit, await tried(hand, unit, campaign));
      }),
    );
  } finally {
    for (const hand of hands) hand.close();
  }
}
