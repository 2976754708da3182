// What was asked for of a live target?
import type { Wanted } from './sections.js';

export interface TargetOptions extends Wanted {
  readonly target: string;
  readonly profile?: string;
  readonly maxCandidates?: number;
  readonly expect?: string;
  /** Which parts: corpus, worlds, walks; left out: all. */
  readonly only?: readonly string[];
  readonly first?: boolean;
  readonly shrink: boolean;
  /** Milliseconds for one call, seconds for a hello or a reset, seconds for everything. */
  readonly deadline: number;
  readonly startup: number;
  readonly total: number;
  readonly restarts: number;
  readonly traceOut?: string;
  readonly rules?: boolean;
  /** `name` or `name=file`, each once. */
  readonly reporter?: readonly string[];
  /** Where the result of this shard is kept, to be merged. */
  readonly blob?: string;
  /** A page for a browser. */
  readonly html?: string;
  readonly json?: boolean;
}
