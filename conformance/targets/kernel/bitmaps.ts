// How is a real kernel asked which pages are dirty?
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Op } from '../../../spec/protocol/vfio-type1.js';
import type { Process } from './agent.js';
import { done, refused } from './drivers.js';
import { type Flaw, handed, handedInPart } from './handing.js';
import {
  type Bitmap,
  DIRTY_FLAG,
  dirtyBitmap,
  dirtyPages,
  UNMAP_FLAG,
  unmapDma,
  unmapDmaWith,
  unmappedOf,
  VFIO,
} from './vfio-abi.js';

type Asked = NonNullable<Extract<Op, { op: 'unmap' }>['bitmap']>;
type Dirty = Extract<Op, { op: 'dirty_pages' }>;
type Unmap = Extract<Op, { op: 'unmap' }>;

/** Where the addresses of x86, arm64 and powerpc are none of a user's. */
const OUTSIDE = 0xffff_8000_0000_0000n;
/** A flag that no release has. */
const UNKNOWN_FLAG = 0x80;
/** More bytes than this no kernel takes for a bitmap, so no memory need be behind them. */
const MOST_BYTES = 1n << 28n;
const PAGE = 4096;
/** Of both structures so much is read first: what is behind it describes the range, or the bitmap. */
const HEAD = { dirty: 8, unmap: 24 } as const;
const WHOLE = 48;

/** What came of a call, and how many bits of its bitmap are set then. */
interface Reported {
  readonly result: number;
  readonly bytes: Uint8Array;
  readonly dirty: number;
}

/** Makes the calls that report dirty pages, and those of the same requests that report none. */
export class Bitmaps {
  constructor(private readonly agent: Process) {}

  async dirty(fd: number, op: Dirty): Promise<Observed> {
    const { bitmap, iova, size, arg } = op;
    if (op.what !== 'get' || bitmap === undefined) {
      const flags = {
        start: DIRTY_FLAG.start,
        stop: DIRTY_FLAG.stop,
        get: DIRTY_FLAG.getBitmap,
        many: DIRTY_FLAG.start | DIRTY_FLAG.stop,
        unknown: UNKNOWN_FLAG,
      }[op.what];
      const structure = dirtyPages(flags, arg === 'short' ? HEAD.dirty - 1 : HEAD.dirty);
      return done((await handed(this.agent, fd, VFIO.dirtyPages, structure, arg)).result);
    }
    const argsz = shortened(arg, bitmap, HEAD.dirty);
    const range = { iova: iova ?? 0n, size: size ?? 0n, argsz };
    const { result, dirty } = await this.reported(fd, VFIO.dirtyPages, HEAD.dirty, bitmap, arg, b =>
      dirtyBitmap(range, b),
    );
    return result < 0 ? refused(result) : { is: 'ok', dirty };
  }

  async unmap(fd: number, op: Unmap): Promise<Observed> {
    const { bitmap, iova, size, arg } = op;
    const flags =
      (op.all === true ? UNMAP_FLAG.all : 0) |
      (op.invalidate === true ? UNMAP_FLAG.vaddr : 0) |
      (op.unknown === true ? UNKNOWN_FLAG : 0);
    if (bitmap === undefined) {
      const structure = unmapDma({ flags, iova, size, argsz: arg === 'short' ? HEAD.unmap - 1 : HEAD.unmap });
      const { result, bytes } = await handed(this.agent, fd, VFIO.unmapDma, structure, arg);
      return result < 0 ? refused(result) : { is: 'ok', unmapped: unmappedOf(bytes) };
    }
    const range = { flags, iova, size, argsz: shortened(arg, bitmap, HEAD.unmap) };
    const { result, bytes, dirty } = await this.reported(fd, VFIO.unmapDma, HEAD.unmap, bitmap, arg, b =>
      unmapDmaWith(range, b),
    );
    return result < 0 ? refused(result) : { is: 'ok', unmapped: unmappedOf(bytes), dirty };
  }

  /** Gives the call memory for its bits, zeroed, and counts what is set in it afterwards. */
  private async reported(
    fd: number,
    request: number,
    head: number,
    bitmap: Asked,
    arg: Flaw,
    structure: (bitmap: Bitmap) => Uint8Array,
  ): Promise<Reported> {
    const { agent } = this;
    const { pgsize, size } = bitmap;
    const bytes = Number(size > MOST_BYTES ? 0n : size);
    const room = Math.max(PAGE, Math.ceil(bytes / PAGE) * PAGE);
    const at = await agent.memory(0, room, bitmap.arg === 'unwritable' ? 'r' : 'rw');
    if (at < 0) throw new Error(`no memory for a bitmap of ${bytes} bytes: errno ${-at}`);
    const whole = structure({ pgsize, size, at: bitmap.arg === 'outside' ? OUTSIDE : BigInt(at) });
    try {
      if (bitmap.arg === 'unreadable' && arg === undefined) {
        const result = await handedInPart(agent, fd, request, whole, head);
        return { result, bytes: whole, dirty: 0 };
      }
      const called = await handed(agent, fd, request, whole, arg);
      const dirty = called.result < 0 || bytes < 8 ? 0 : await agent.bits(at, Math.floor(bytes / 8) * 8);
      return { ...called, dirty };
    } finally {
      await agent.unmapped(at, room);
    }
  }
}

/** `argsz` as it is to be: too small for anything, too small for the bitmap, or right. */
function shortened(arg: Flaw, bitmap: Asked, head: number): number {
  if (arg === 'short') return head - 1;
  return bitmap.arg === 'short' ? WHOLE - 1 : WHOLE;
}
