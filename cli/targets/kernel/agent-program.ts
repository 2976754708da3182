// Where does the guest's first program come from? It is compiled from its one source, once.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Unavailable } from '../../exit.js';
import { cacheFolder } from '../debian.js';
import { type Architecture, compilerFor } from './compilers.js';

const SOURCE = fileURLToPath(
  new URL('../../../../conformance/targets/kernel/guest/agent.c', import.meta.url),
);

/**
 * The bytes of the program for a guest of that kind: static, so that it needs nothing else there. `at`: where it lies in
 * memory, if that is not to be where the linker would put it.
 */
export async function agentProgram(architecture: Architecture = 'amd64', at?: bigint): Promise<Uint8Array> {
  const where = at === undefined ? [] : [`-Wl,-Ttext-segment=0x${at.toString(16)}`];
  const { program: compiler, environment } = await compilerFor(architecture);
  const source = readFileSync(SOURCE);
  const name = `agent-${createHash('sha256').update(architecture).update(where.join()).update(compiler).update(source).digest('hex').slice(0, 16)}`;
  const program = join(cacheFolder(), name);
  if (!existsSync(program)) {
    const made = `${program}.${process.pid}`;
    try {
      await promisify(execFile)(compiler, ['-static', '-O2', ...where, '-o', made, SOURCE], {
        env: environment,
      });
    } catch (error) {
      throw new Unavailable(
        `the guest's agent cannot be compiled by ${compiler}: ${(error as Error).message}`,
      );
    }
    renameSync(made, program);
  }
  return readFileSync(program);
}
