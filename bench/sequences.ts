// In which order do the TypeScript and the C bench touch their pages?

/** 0 to count - 1, shuffled as bench/c/bench.h does it. */
export function shuffled(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = 1;
  for (let i = count - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = (state >>> 0) % (i + 1);
    const swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
  return order;
}

export function sequential(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i);
}

/** Nanoseconds of the fastest of some passes, and what the last of them computed. */
export function bestOf(
  passes: number,
  pass: { before?(): void; run(): number; after?(): void },
): { ns: number; result: number } {
  let ns = Number.POSITIVE_INFINITY;
  let result = 0;
  for (let i = 0; i < passes; i++) {
    pass.before?.();
    const start = performance.now();
    result = pass.run();
    ns = Math.min(ns, (performance.now() - start) * 1e6);
    pass.after?.();
  }
  return { ns, result };
}
