// Does a line's value have the shape that its codec asks for, and if not, where not?
import type * as t from 'io-ts';
import { type Defect, decode } from '../../spec/protocol/codec.js';
import { Malformed } from './malformed.js';

/** Decodes one value of a line. The first defect is reported with its path below `root`, and some further ones. */
export function shaped<A>(codec: t.Type<A, unknown, unknown>, value: unknown, line: number, root = ''): A {
  const decoded = decode(codec, value);
  if (decoded.ok) return decoded.value;
  const [first, ...others] = decoded.defects.map(({ path, reason }) => ({
    path: [root, path].filter(part => part !== '').join('.'),
    reason,
  }));
  const { path, reason } = first!;
  throw new Malformed('shape', path === '' ? { line } : { line, path }, reason, others);
}

/** Well-formed words that mean nothing on this machine are as malformed as those with a wrong shape. */
export function refuse(defect: Defect | undefined, root: string, line: number): void {
  if (defect === undefined) return;
  throw new Malformed('shape', { line, path: `${root}.${defect.path}` }, defect.reason);
}

/** A JSON object as it comes from the scanner; anything else is none. */
export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
