// Which bytes does a VFIO ioctl take, and what do those mean that come back?

import type { Observed } from '../../../spec/protocol/observed.js';
import { long, packed, word } from './bytes.js';

/** Requests, `_IO(';', 100 + n)`; include/uapi/linux/vfio.h of 6.1.192, 6.12.117 and 7.2.13 agree. */
const request = (n: number): number => 0x3b64 + n;
export const VFIO = {
  checkExtension: request(1),
  setIommu: request(2),
  getStatus: request(3),
  setContainer: request(4),
  unsetContainer: request(5),
  getDeviceFd: request(6),
  getRegionInfo: request(8),
  reset: request(11),
  getInfo: request(12),
  mapDma: request(13),
  unmapDma: request(14),
  dirtyPages: request(17),
} as const;

/** Bits of the flags. */
export const MAP_FLAG = { read: 1, write: 2, vaddr: 4 } as const;
export const UNMAP_FLAG = { dirtyBitmap: 1, all: 2, vaddr: 4 } as const;
export const DIRTY_FLAG = { start: 1, stop: 2, getBitmap: 4 } as const;
const STATUS = { viable: 1, containerSet: 2 } as const;

export const groupStatus = (argsz = 8): Uint8Array => packed(argsz, 0);
export const statusOf = (b: Uint8Array) => ({
  viable: (word(b, 4) & STATUS.viable) !== 0,
  attached: (word(b, 4) & STATUS.containerSet) !== 0,
});

export const mapDma = (m: { flags: number; vaddr: bigint; iova: bigint; size: bigint; argsz?: number }) =>
  packed(m.argsz ?? 32, m.flags, m.vaddr, m.iova, m.size);

export const unmapDma = (m: { flags: number; iova: bigint; size: bigint; argsz?: number }) =>
  packed(m.argsz ?? 24, m.flags, m.iova, m.size);
/** What an unmap reports that it removed: it is written back only where the call succeeded. */
export const unmappedOf = (b: Uint8Array): bigint => long(b, 16);

/** struct vfio_bitmap, where `at` is its bits: it stands at the end of the two structures that ask for one. */
export interface Bitmap {
  readonly pgsize: bigint;
  readonly size: bigint;
  readonly at: bigint;
}
const bitmapFields = (b: Bitmap): Uint8Array => packed(b.pgsize, b.size, b.at);

export const unmapDmaWith = (
  u: { flags: number; iova: bigint; size: bigint; argsz?: number },
  bitmap: Bitmap,
): Uint8Array =>
  packed(u.argsz ?? 48, u.flags | UNMAP_FLAG.dirtyBitmap, u.iova, u.size, bitmapFields(bitmap));

/** VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP. */
export const dirtyBitmap = (
  range: { iova: bigint; size: bigint; argsz?: number },
  bitmap: Bitmap,
): Uint8Array =>
  packed(range.argsz ?? 48, DIRTY_FLAG.getBitmap, range.iova, range.size, bitmapFields(bitmap));

export const dirtyPages = (flags: number, argsz = 8): Uint8Array => packed(argsz, flags);

export const regionInfo = (index: number): Uint8Array => packed(32, 0, index, 0, 0n, 0n);
export const regionOf = (b: Uint8Array) => ({ bytes: Number(long(b, 16)), offset: long(b, 24) });

/** Capabilities of IOMMU_GET_INFO by their ids. */
const CAP = { iovaRange: 1, migration: 2, dmaAvail: 3 } as const;

export const iommuInfo = (argsz: number): Uint8Array => packed(argsz, 0, 0n, 0, 0, new Uint8Array(argsz));

export interface IommuInfo {
  readonly argsz: number;
  readonly flags: number;
  readonly pageSizes: bigint;
  readonly ranges?: readonly { readonly start: bigint; readonly last: bigint }[];
  readonly dmaAvail?: number;
  readonly dirtyPageSizes?: bigint;
}

/** The information and the chain of capabilities behind it, as far as the caller gave room. */
export function iommuInfoOf(b: Uint8Array): IommuInfo {
  const info = { argsz: word(b, 0), flags: word(b, 4), pageSizes: long(b, 8) };
  let rest: Partial<IommuInfo> = {};
  let at = (info.flags & 2) === 0 ? 0 : word(b, 16);
  for (let hops = 0; at >= 24 && at + 8 <= b.length && hops < 16; hops++) {
    rest = { ...rest, ...capabilityAt(b, at) };
    at = word(b, at + 4);
  }
  return { ...info, ...rest };
}

/** What a caller is told who gave room for so many bytes: what did not fit is not there, and argsz says how much it needs. */
export function toldOf({ argsz, pageSizes, dmaAvail, ranges }: IommuInfo, room: number): Observed {
  if (argsz > room) return { is: 'ok', pageSizes, argsz };
  const avail = dmaAvail === undefined ? {} : { avail: dmaAvail };
  return { is: 'ok', pageSizes, argsz, ...avail, ranges: ranges?.length ?? 0 };
}

function capabilityAt(b: Uint8Array, at: number): Partial<IommuInfo> {
  switch (word(b, at) & 0xffff) {
    case CAP.iovaRange: {
      const count = word(b, at + 8);
      const ranges = Array.from({ length: count }, (_, i) => ({
        start: long(b, at + 16 + 16 * i),
        last: long(b, at + 24 + 16 * i),
      }));
      return { ranges };
    }
    case CAP.dmaAvail:
      return { dmaAvail: word(b, at + 8) };
    case CAP.migration:
      return { dirtyPageSizes: long(b, at + 16) };
    default:
      return {};
  }
}
