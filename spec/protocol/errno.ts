// Which errors may an operation answer with, and what does POSIX call them?
import * as t from 'io-ts';

/** The closed set of errnos that any profile's law may speak of, by their POSIX (Linux) names. EPROBE_DEFER never leaves the kernel. */
export const ERRNOS = [
  'EPERM',
  'ENOENT',
  'EBADF',
  'ENOMEM',
  'EFAULT',
  'EBUSY',
  'EEXIST',
  'ENODEV',
  'EINVAL',
  'EMFILE',
  'ENOTTY',
  'ENOSPC',
  'ERANGE',
  'EOPNOTSUPP',
  'EACCES',
  'EOVERFLOW',
  'EPROBE_DEFER',
] as const;

export type Errno = (typeof ERRNOS)[number];

export const Errno: t.Type<Errno> = t.keyof(
  Object.fromEntries(ERRNOS.map(name => [name, null])) as Record<Errno, null>,
) as unknown as t.Type<Errno>;
