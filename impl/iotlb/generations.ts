// Which generation is a domain in, so that all of its cached translations can be forgotten at once?

/** A tag has 26 bits for the generation; 0 marks nothing. */
const MOST = 2 ** 26 - 1;

/**
 * One counter hands out generations to all domains, so a generation names a domain too and a tag needs only the one
 * number. With a counter per domain a tag would hold both, and the counters would be so short that they wrap 1000 times
 * as often.
 */
export class Generations {
  /** The generation of each domain. Index: domain id. */
  readonly current: Uint32Array;
  private readonly limit: number;
  private last: number;

  constructor(domains: number, limit: number = MOST) {
    if (!Number.isInteger(domains) || domains < 1) throw new RangeError(`${domains} is no number of domains`);
    if (!Number.isInteger(limit) || limit < domains || limit > MOST) {
      throw new RangeError(`${limit} generations are too few for ${domains} domains, or more than ${MOST}`);
    }
    this.limit = limit;
    this.current = new Uint32Array(domains);
    this.last = 0;
    this.restart();
  }

  /** Moves a domain into a generation that no tag has. False when there is none left: then `restart`. */
  renew(domain: number): boolean {
    if (this.last === this.limit) return false;
    this.current[domain] = ++this.last;
    return true;
  }

  /** Begins again at 1, and answers which domain each of the old generations belonged to. */
  restart(): Map<number, number> {
    const owners = new Map<number, number>();
    for (let domain = 0; domain < this.current.length; domain++) {
      owners.set(this.current[domain], domain);
      this.current[domain] = domain + 1;
    }
    this.last = this.current.length;
    return owners;
  }
}
