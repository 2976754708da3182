// How does a structure reach the kernel, and what is wrong with how it was handed over?
import type { Op } from '../../../spec/protocol/vfio-type1.js';
import type { Called, Process } from './agent.js';

/** What is wrong with it; undefined: nothing. */
export type Flaw = Extract<Op, { op: 'map' }>['arg'];

/** No user address: what cannot be read. */
const UNREADABLE = 0x10;
const PAGE = 4096;

/** An ioctl with a structure. One that is too short says so itself, by its `argsz`. */
export async function handed(
  worker: Process,
  fd: number,
  request: number,
  structure: Uint8Array,
  flaw: Flaw,
): Promise<Called> {
  if (flaw === 'unreadable')
    return { result: await worker.ioctlWith(fd, request, UNREADABLE), bytes: new Uint8Array(0) };
  if (flaw !== 'unwritable') return worker.ioctl(fd, request, structure);
  const at = await worker.memory(0, PAGE);
  await worker.write(at, structure);
  await worker.protect(at, PAGE, 'r');
  const result = await worker.ioctlWith(fd, request, at);
  await worker.unmapped(at, PAGE);
  return { result, bytes: structure };
}

/** An ioctl whose structure can be read for so many bytes only: what is behind them is on a page that is not there. */
export async function handedInPart(
  worker: Process,
  fd: number,
  request: number,
  structure: Uint8Array,
  readable: number,
): Promise<number> {
  const at = await worker.memory(0, 2 * PAGE);
  await worker.write(at + PAGE - readable, structure.slice(0, readable));
  await worker.unmapped(at + PAGE, PAGE);
  const result = await worker.ioctlWith(fd, request, at + PAGE - readable);
  await worker.unmapped(at, PAGE);
  return result;
}
