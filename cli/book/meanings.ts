// What does the source say of an operation, or of a field of a machine, in the comment above it?
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../spec/protocol/', import.meta.url));

/** A comment, and the key that it stands above. */
const ABOVE = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(\w+): *(\w*)/g;

/**
 * The comments of one profile's words by key. `ops` are its operations: where a key is one of them and a field as
 * well, the comment above a call that makes a record is the operation's.
 */
export function meaningsOf(
  profile: string,
  ops: readonly string[],
): { readonly op: (name: string) => string; readonly field: (name: string) => string } {
  const [ofOps, ofFields] = [new Map<string, string>(), new Map<string, string>()];
  for (const file of [`${profile}.ts`, `${profile}-machine.ts`]) {
    if (!existsSync(join(FOLDER, file))) continue;
    for (const [, comment, key, call] of readFileSync(join(FOLDER, file), 'utf8').matchAll(ABOVE)) {
      const text = comment!.replaceAll(/\s*\n\s*\*? ?/g, ' ').replaceAll(/^\s+|\s+$/g, '');
      const isOp = ops.includes(key!) && !/^(?:t|text|whole|Hex64|word|list|index)$/.test(call!);
      const into = isOp ? ofOps : ofFields;
      if (!into.has(key!)) into.set(key!, text);
    }
  }
  return { op: name => ofOps.get(name) ?? '', field: name => ofFields.get(name) ?? '' };
}
