// Where do the choices of a random call come from?

/** Reads small numbers out of one whole number, so that a walk is a list of numbers and shrinks well. */
export class Digits {
  constructor(private rest: number) {}

  next(below: number): number {
    const digit = this.rest % below;
    this.rest = Math.floor(this.rest / below);
    return digit;
  }

  /** True once in `n`; never for the smallest number. */
  rarely(n: number): boolean {
    return this.next(n) === n - 1;
  }

  /** One of a list that is not empty. */
  of<T>(list: readonly T[]): T {
    return list[this.next(list.length)]!;
  }
}

/** Whole numbers from 0 to 2^53-1 in an order that a seed decides: mulberry32, twice a number. */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 32 bits. */
  word(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 53 bits. */
  number(): number {
    return (this.word() >>> 11) * 0x1_0000_0000 + this.word();
  }

  below(n: number): number {
    return this.word() % n;
  }
}
