// Which name has an errno number of Linux?

/** asm-generic/errno-base.h and errno.h; the same on x86, arm64 and powerpc for these. */
const NAMES: { readonly [number: number]: string } = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  7: 'E2BIG',
  9: 'EBADF',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  18: 'EXDEV',
  19: 'ENODEV',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  25: 'ENOTTY',
  28: 'ENOSPC',
  33: 'EDOM',
  34: 'ERANGE',
  38: 'ENOSYS',
  61: 'ENODATA',
  75: 'EOVERFLOW',
  77: 'EBADFD',
  95: 'EOPNOTSUPP',
  110: 'ETIMEDOUT',
  // Of the kernel's own, and seen by a user where a driver lets it out.
  512: 'ERESTARTSYS',
  517: 'EPROBE_DEFER',
  524: 'ENOTSUPP',
};

/** The name of an error that a call gave back as a negative number; one without a name is spelt by its number. */
export const errnoName = (result: number): string => NAMES[-result] ?? `ERRNO_${-result}`;
