// Which mappings does the law know of, certain ones and possible ones?
import type { Piece, State } from './state.js';

export interface Known {
  readonly piece: Piece;
  readonly live: boolean;
  /** The label of the domain where it is certain, else -1. */
  readonly domain: number;
}

/** All of them, those of every alternative included. */
export function knownPieces(s: State): readonly Known[] {
  const found: Known[] = [];
  s.domains.reduce((_, d, domain) => {
    d.live.reduce((__, piece) => found.push({ piece, live: true, domain }), 0);
    return d.stale.reduce((__, piece) => found.push({ piece, live: false, domain }), 0);
  }, 0);
  s.uncertain.reduce((_, c) => {
    for (const alternative of c.alternatives)
      for (const { piece, live } of alternative.parts)
        if (!found.some(f => f.piece === piece)) found.push({ piece, live, domain: -1 });
    return 0;
  }, 0);
  return found;
}
