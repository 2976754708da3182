// How is a hypercall made on a machine without an operating system, and what are its codes called?

import { type Host, Silent } from '../qtest/host.js';
import { at64, cell64, read, write } from './bytes.js';
import { rtas } from './rtas.js';
import { type Layout, MAILBOX } from './stub.js';

export const H_GET_TCE = 0x1cn;
export const H_PUT_TCE = 0x20n;
export const H_PUT_TCE_INDIRECT = 0x13cn;
export const H_STUFF_TCE = 0x138n;

/** Codes of PAPR, by number; what is not here is spelt by its number. */
const NAMES: { readonly [code: string]: string } = {
  '1': 'H_BUSY',
  '2': 'H_CLOSED',
  '3': 'H_NOT_AVAILABLE',
  '4': 'H_CONSTRAINED',
  '5': 'H_PARTIAL',
  '9999': 'H_TOO_HARD',
  '-1': 'H_HARDWARE',
  '-2': 'H_FUNCTION',
  '-3': 'H_PRIVILEGE',
  '-4': 'H_PARAMETER',
  '-7': 'H_NOT_FOUND',
  '-9': 'H_NO_MEM',
  '-10': 'H_AUTHORITY',
  '-11': 'H_PERMISSION',
  '-16': 'H_RESOURCE',
  '-55': 'H_P2',
  '-56': 'H_P3',
  '-57': 'H_P4',
  '-58': 'H_P5',
};

/** The name of a code that is not H_SUCCESS. */
export function hypercallCode(code: bigint): string {
  const signed = BigInt.asIntN(64, code);
  return NAMES[String(signed)] ?? (signed < 0n ? `H_CODE_MINUS_${-signed}` : `H_CODE_${signed}`);
}

export interface Called {
  readonly code: bigint;
  /** R4 on return. */
  readonly value: bigint;
}

/** A call of the largest window takes a few hundred milliseconds; a read of the mailbox some 50 microseconds. */
const MOST_READS = 200_000;

/** Throws `Silent` where the call does not come back. */
export async function hypercall(
  host: Host,
  layout: Layout,
  number: bigint,
  ...args: readonly bigint[]
): Promise<Called> {
  const all = [number, ...args, ...Array<bigint>(MAILBOX.arguments).fill(0n)].slice(0, MAILBOX.arguments);
  await write(host, layout.mailbox + BigInt(MAILBOX.first), all.map(cell64).join(''));
  await write(host, layout.mailbox, cell64(1n));
  await startCpu(host, layout);
  for (let reads = 0; reads < MOST_READS; reads++) {
    const { digits } = await read(host, layout.mailbox, MAILBOX.length);
    if (at64(digits, MAILBOX.flag) !== 0n) continue;
    return { code: at64(digits, MAILBOX.results), value: at64(digits, MAILBOX.results + 8) };
  }
  throw new Silent(`hypercall 0x${number.toString(16)} does not return`);
}

/** The only CPU is started at the stub. It may still be on its way to stop after the last call, or after a reset. */
async function startCpu(host: Host, layout: Layout): Promise<void> {
  for (let tries = 0; tries < MOST_READS; tries++) {
    const { status } = await rtas(host, layout, 'start-cpu', [0, layout.code, 0], 1);
    if (status === 0) return;
  }
  throw new Silent('the CPU does not stop');
}
