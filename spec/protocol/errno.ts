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
  'EADDRINUSE',
  'EOVERFLOW',
  'EPROBE_DEFER',
  'EIO',
  'ENXIO',
  'E2BIG',
  'EBADFD',
  'EAGAIN',
] as const;

/** Hypercall return codes beside H_SUCCESS, by their PAPR names; H_TOO_HARD hands the call to user space. */
export const HCALL_CODES = ['H_FUNCTION', 'H_PARAMETER', 'H_P4', 'H_TOO_HARD'] as const;

/** RTAS statuses beside success: -1 and -3. */
export const RTAS_STATUSES = ['RTAS_HW_ERROR', 'RTAS_PARAM_ERROR'] as const;

/** Every code by which an operation can be refused: of a kernel call, of a hypercall, of a firmware call. */
export const CODES = [...ERRNOS, ...HCALL_CODES, ...RTAS_STATUSES] as const;

export type Errno = (typeof CODES)[number];

export const Errno: t.Type<Errno> = t.keyof(
  Object.fromEntries(CODES.map(name => [name, null])) as Record<Errno, null>,
) as unknown as t.Type<Errno>;
