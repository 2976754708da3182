// Which stamp has a space, a domain or a domain with a PASID, so that all its cached translations can be old at once?

/** An entry of a cache has 20 bits for the stamp; 0 is no stamp. */
const MOST = 2 ** 20 - 1;

/**
 * One counter hands out stamps to all spaces, so a stamp names a space, too. A space is old if its stamp is below that
 * of its domain's last invalidation, or below the last one of everything; its entries are then not looked at.
 */
export class SpaceStamps {
  readonly current: Int32Array;
  /** The same for the spaces of domains, and 0 for those of PASIDs: one look says that a stamp is not old. */
  readonly simple: Int32Array;
  /** Spaces below this are those of domains. */
  readonly domainCount: number;
  private readonly limit: number;
  /** For each domain: stamps of its PASIDs below this one are old. */
  private readonly floors: Int32Array;
  /** For each space behind the domains: its domain. */
  private readonly domainOf: Int32Array;
  private readonly byPasid = new Map<number, number>();
  private readonly unused: number[] = [];
  private last = 0;
  private given = 0;

  constructor(domains: number, pasids: number, limit: number = MOST) {
    if (!Number.isInteger(domains) || domains < 1) throw new RangeError(`${domains} is no number of domains`);
    if (limit < domains + pasids + 1 || limit > MOST)
      throw new RangeError(
        `${limit} stamps are too few for ${domains + pasids} spaces, or more than ${MOST}`,
      );
    this.domainCount = domains;
    this.limit = limit;
    this.current = new Int32Array(new ArrayBuffer(4 * (domains + pasids)));
    this.simple = new Int32Array(new ArrayBuffer(4 * (domains + pasids)));
    this.floors = new Int32Array(domains);
    this.domainOf = new Int32Array(pasids);
    this.restart();
  }

  spaceOf(domain: number, pasid: number): number {
    const key = domain * 2 ** 20 + pasid;
    const known = this.byPasid.get(key);
    if (known !== undefined) return known;
    const index = this.unused.pop() ?? this.given;
    if (index >= this.domainOf.length) return -1;
    if (index === this.given) this.given++;
    const space = this.domainCount + index;
    this.domainOf[index] = domain;
    // Whatever the number stood for before is old.
    this.current[space] = 0;
    this.byPasid.set(key, space);
    return space;
  }

  /** The number of a PASID's space may be given out again; entries under it are old by then. */
  forget(domain: number, pasid: number): void {
    const key = domain * 2 ** 20 + pasid;
    const space = this.byPasid.get(key);
    if (space === undefined) return;
    this.byPasid.delete(key);
    this.current[space] = 0;
    this.unused.push(space - this.domainCount);
  }

  /** Must a space have another stamp before it is looked up or filled? */
  isOld(space: number, floor: number): boolean {
    const stamp = this.current[space];
    if (stamp <= floor || stamp === 0) return true;
    return space >= this.domainCount && stamp <= this.floors[this.domainOf[space - this.domainCount]];
  }

  /** Gives a space a stamp that no entry has. False when there is none left: then everything has to be forgotten. */
  renew(space: number): boolean {
    if (this.last === this.limit) return false;
    this.current[space] = ++this.last;
    if (space < this.domainCount) this.simple[space] = this.last;
    return true;
  }

  renewDomain(domain: number): boolean {
    this.floors[domain] = this.last;
    return this.renew(domain);
  }

  /** The stamp up to which all are old now. 0 when none is left. */
  floor(): number {
    return this.last === this.limit ? 0 : this.last;
  }

  restart(): void {
    this.floors.fill(0);
    for (let space = 0; space < this.current.length; space++)
      this.current[space] = space < this.domainCount ? space + 1 : 0;
    for (let domain = 0; domain < this.domainCount; domain++) this.simple[domain] = domain + 1;
    this.last = this.domainCount;
  }
}
