// Which accesses hit in a set-associative cache with round-robin replacement, computed with lists of records?

interface Entry {
  readonly domain: number;
  readonly space: number;
  readonly first: number;
  readonly size: number;
  readonly out: number;
  readonly access: number;
}

export interface Leaf {
  readonly first: number;
  readonly size: number;
  readonly out: number;
  readonly access: number;
}

export class CacheOracle {
  hits = 0;
  misses = 0;
  private readonly sets: (Entry | null)[][];
  private readonly turns: number[];
  /** Once a size was seen it is looked for. */
  private readonly sizes = new Set<number>();

  constructor(sets: number) {
    this.sets = Array.from({ length: sets }, () => [null, null, null, null]);
    this.turns = new Array<number>(sets).fill(0);
  }

  lookup(space: number, page: number): Leaf | null {
    for (const size of [...this.sizes].sort((a, b) => a - b)) {
      const found = this.setOf(space, page, size).entries.find(
        entry => entry?.space === space && entry.size === size && entry.first === page - (page % 2 ** size),
      );
      if (found === undefined || found === null) continue;
      this.hits++;
      return found;
    }
    this.misses++;
    return null;
  }

  fill(domain: number, space: number, page: number, leaf: Leaf): void {
    this.sizes.add(leaf.size);
    const { entries, index } = this.setOf(space, page, leaf.size);
    entries[this.turns[index]!] = { ...leaf, domain, space };
    this.turns[index] = (this.turns[index]! + 1) % 4;
  }

  forget(which: (entry: Entry) => boolean): void {
    for (const set of this.sets)
      for (const [i, entry] of set.entries()) if (entry !== null && which(entry)) set[i] = null;
  }

  private setOf(space: number, page: number, size: number): { entries: (Entry | null)[]; index: number } {
    const unit = Number(BigInt.asUintN(32, BigInt(Math.floor(page / 2 ** size) + space * 97)));
    const index = unit % this.sets.length;
    return { entries: this.sets[index]!, index };
  }
}
