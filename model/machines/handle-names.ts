// Which handle of an implementation has which name in a recording?

/** The recording's names of handles. A name stays when its handle is given back, so that stale ones are really used. */
export class Names {
  private readonly handles = new Map<number, number>();
  private readonly names = new Map<number, number>();

  set(name: number, handle: number): void {
    this.handles.set(name, handle);
    this.names.set(handle, name);
  }

  /** A number that no handle ever has stands for a name that was never given. */
  of(name: number): number {
    return this.handles.get(name) ?? Number.MAX_SAFE_INTEGER;
  }

  nameOf(handle: number): number {
    return this.names.get(handle) ?? -1;
  }

  *[Symbol.iterator](): Iterator<readonly [number, number]> {
    yield* this.handles;
  }

  clear(): void {
    this.handles.clear();
    this.names.clear();
  }
}
