// Which bytes does VFIO's SPAPR TCE driver take, and what do those mean that come back?
import { long, packed, word } from '../kernel/bytes.js';

/** `_IO(';', 100 + n)`; POWER has a bit for "no argument" where others have none. include/uapi/linux/vfio.h, asm/ioctl.h. */
const request = (n: number): number => 0x2000_3b64 + n;
export const SPAPR = {
  setIommu: request(2),
  setContainer: request(4),
  unsetContainer: request(5),
  getInfo: request(12),
  mapDma: request(13),
  unmapDma: request(14),
  enable: request(15),
  disable: request(16),
  register: request(17),
  unregister: request(18),
  createWindow: request(19),
  removeWindow: request(20),
} as const;

/** `other`: VFIO_EEH, the one type that the driver says it knows and does not open. */
export const TYPES = { v1: 2, v2: 7, other: 5 } as const;

/** What each structure needs to be whole. */
export const WHOLE = { info: 32, create: 40, remove: 16, memory: 24 } as const;
/** Of GET_INFO the part without dynamic windows is enough. */
export const LEAST_INFO = 16;

export const infoOf = (argsz: number, flags: number): Uint8Array => packed(argsz, flags, 0, 0, 0n, 0, 0);

const DDW = 1;

/** The 32-bit window, and what dynamic windows there can be. */
export function toldInfo(b: Uint8Array) {
  const window = { start: BigInt(word(b, 8)), size: BigInt(word(b, 12)) };
  if ((word(b, 4) & DDW) === 0) return window;
  return { ...window, pageSizes: long(b, 16), windows: word(b, 24), levels: word(b, 28) };
}

interface Window {
  readonly shift: number;
  readonly size: bigint;
  readonly levels: number;
}

export const createWindow = (argsz: number, flags: number, w: Window): Uint8Array =>
  packed(argsz, flags, w.shift, 0, w.size, w.levels, 0, 0n);
/** Where the new window starts. */
export const startOf = (b: Uint8Array): bigint => long(b, 32);

export const removeWindow = (argsz: number, flags: number, start: bigint): Uint8Array =>
  packed(argsz, flags, start);

/** Of REGISTER_MEMORY and UNREGISTER_MEMORY. */
export const memory = (argsz: number, flags: number, ua: bigint, size: bigint): Uint8Array =>
  packed(argsz, flags, ua, size);
