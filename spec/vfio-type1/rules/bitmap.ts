// Is a bitmap of the right shape for the pages that it is to report?
import type { Call, Rule } from './checks.js';
import { chapterOf, everywhere } from './checks.js';

type Bitmap = NonNullable<Call<'unmap'>['bitmap']>;

/** A bitmap has at most 2^31 - 1 bits. */
export const MOST_BITS = 2 ** 31 - 1;

/** Bits are kept in whole words of 64; at most 2^28 bytes of them. */
const WORD = 64n;
const MOST_BYTES = 1n << 28n;
const bytesFor = (bits: bigint): bigint => ((bits + WORD - 1n) / WORD) * 8n;

/** The lowest page size that the field names decides, whatever else is in it. */
const smallest = (pgsize: bigint): bigint => pgsize & -pgsize;

function shapeFits(size: bigint, b: Bitmap): boolean {
  const pages = size / smallest(b.pgsize);
  return pages > 0n && b.size > 0n && b.size <= MOST_BYTES && b.size >= bytesFor(pages);
}

/** The page size must be the smallest there is. */
export const sizeFits = (b: Bitmap): boolean => b.pgsize === 4096n;

export const shortBitmap = <O>(name: string, at: string, of: (o: O) => Bitmap | undefined): Rule<O> =>
  chapterOf<O>(name, at).must(
    'short-bitmap',
    'EINVAL',
    'An argument that ends before its bitmap is refused.',
    (_, o) => of(o)?.arg === 'short',
  );

export const unreadableBitmap = <O>(name: string, at: string, of: (o: O) => Bitmap | undefined): Rule<O> =>
  chapterOf<O>(name, `${at}: copy_from_user`).must(
    'unreadable-bitmap',
    'EFAULT',
    'The description of a bitmap must be readable.',
    (_, o) => of(o)?.arg === 'unreadable',
  );

/** The bitmap itself, before anything of the container is looked at. */
export const bitmapShape = <O extends { readonly size?: bigint }>(
  name: string,
  at: string,
  of: (o: O) => Bitmap | undefined,
): readonly Rule<O>[] => [
  chapterOf<O>(name, `${at}: access_ok`).must(
    'bitmap-outside',
    'EINVAL',
    'A bitmap lies in the memory of user space.',
    (_, o) => of(o)?.arg === 'outside',
  ),
  chapterOf<O>(name, at).must(
    'bitmap-shape',
    'EINVAL',
    'A bitmap has a bit for every page of the range, in whole words of 64, and no more than 2^28 bytes.',
    (_, o) => {
      const b = of(o);
      return b !== undefined && !shapeFits(o.size ?? 0n, b);
    },
    { cite: everywhere('verify_bitmap_size') },
  ),
];
