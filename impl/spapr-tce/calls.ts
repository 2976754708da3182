// What does every call on a container check first?
import { EBADF, EFAULT, EINVAL, ENOTTY, EPERM } from '../errno.js';
import type { Core } from './core.js';
import type { Container } from './objects.js';

/** How a call's argument structure reached us. */
export const READABLE = 0;
export const UNREADABLE = 1;
export const SHORT = 2;
/** With bits among its flags that nobody knows. */
export const FLAGS = 3;

/**
 * The container, if it is open, bound to no other address space, and of the version that knows the call (0: both do);
 * else a negative errno.
 */
export function boundContainer(core: Core, name: number, mm: number, version: 0 | 1 | 2): Container | number {
  const container = core.containers.get(name);
  if (container === undefined) return -EBADF;
  if (container.mm >= 0 && container.mm !== mm) return -EPERM;
  return version !== 0 && container.version !== version ? -ENOTTY : container;
}

export function argumentRefused(arg: number): number {
  if (arg === READABLE) return 0;
  return arg === UNREADABLE ? -EFAULT : -EINVAL;
}

/** From now on the container serves one address space alone. */
export function bind(container: Container, mm: number): void {
  container.mm = mm;
}
