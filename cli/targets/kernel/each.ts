// How are several kernels taken one after the other, and what is said of all of them at the end?
import { EXIT, type ExitCode, Unavailable, worst } from '../../exit.js';
import { type Out, paint } from '../../terminal.js';

/** A kernel that cannot be had is told, and the others are taken all the same. */
export async function eachKernel<K extends { readonly name: string }>(
  kinds: readonly K[],
  one: (kind: K) => Promise<{ readonly code: ExitCode; readonly line: string }>,
  out: Out,
): Promise<ExitCode> {
  const codes: ExitCode[] = [];
  const lines: string[] = [];
  for (const kind of kinds) {
    try {
      const { code, line } = await one(kind);
      codes.push(code);
      lines.push(line);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      codes.push(EXIT.unavailable);
      lines.push(paint.red(`Linux ${kind.name}: ${error.message}`));
    }
  }
  out.say();
  for (const line of lines) out.say(line);
  return worst(codes);
}
