// What do the numbers mean that an implementation answers with?
import * as errno from '../../impl/errno.js';
import type { Errno } from '../../spec/protocol/errno.js';
import type { Outcome } from '../../spec/protocol/outcome.js';

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(errno).map(([name, number]) => [number, name]),
);

/** A negative errno as an answer. */
export function refused(code: number): Outcome {
  const name = NAMES.get(-code);
  if (name === undefined) throw new Error(`the implementation answered ${code}, which is no errno`);
  return { is: 'refused', errno: name as Errno };
}
