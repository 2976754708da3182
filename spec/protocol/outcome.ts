// What can an operation answer?
import * as t from 'io-ts';
import { closed, Hex64, tagged, whole } from './codec.js';
import { Errno } from './errno.js';

/** The values that an answer may carry, each of them where its operation says so. */
export const ANSWER = {
  viable: t.boolean,
  mmLocked: t.boolean,
  paddr: Hex64,
  /** How many bytes were removed; may be less or more than was asked. */
  unmapped: Hex64,
  /** The answer to a question of capability or state. */
  yes: t.boolean,
  pasid: whole('pasid', 0, 0xffff_ffff),
  handle: whole('handle', 0, 65_535),
  domain: whole('domain', 0, 65_535),
  warned: t.literal(true),
  coherent: t.boolean,
  tce: Hex64,
  start: Hex64,
  size: Hex64,
  liobn: Hex64,
  windows: whole('windows', 0, 255),
  largest: Hex64,
  pageSizes: Hex64,
  levels: whole('levels', 0, 255),
  attached: t.boolean,
  argsz: whole('bytes', 0, 0xffff_ffff),
  avail: whole('mappings', 0, 0xffff_ffff),
  ranges: whole('ranges', 0, 65_535),
  /** How many pages a bitmap reports. */
  dirty: whole('pages', 0, Number.MAX_SAFE_INTEGER),
  mm: whole('mm', 0, 65_535),
  vaddr: Hex64,
};

/**
 * The answer of one operation, normal data in every case:
 * - `ok`: done, with the values that the caller sees; `warned`: the kernel complained of its caller, and went on;
 * - `refused`: an error code, and whether the kernel warned. Nothing changed, unless the clause says that a part of a batch was done;
 * - `fault`: a DMA that the IOMMU did not translate;
 * - `outside`: a DMA by a device that no context of ours translates (the kernel's own domain decides);
 * - `waits`: the operation blocks; a later `resume` finishes it.
 */
export const Outcome = tagged('is', {
  ok: closed('ok', { is: t.literal('ok') }, ANSWER),
  refused: closed('refused', { is: t.literal('refused'), errno: Errno }, { warned: ANSWER.warned }),
  fault: closed('fault', { is: t.literal('fault') }),
  outside: closed('outside', { is: t.literal('outside') }),
  waits: closed('waits', { is: t.literal('waits') }),
});

export type Outcome =
  | {
      readonly is: 'ok';
      readonly viable?: boolean;
      readonly mmLocked?: boolean;
      readonly paddr?: bigint;
      readonly unmapped?: bigint;
      readonly yes?: boolean;
      readonly pasid?: number;
      readonly handle?: number;
      readonly domain?: number;
      readonly warned?: true;
      /** DMA is cache coherent. */
      readonly coherent?: boolean;
      /** The entry that was read. */
      readonly tce?: bigint;
      /** A window: first bus address, bytes, number. */
      readonly start?: bigint;
      readonly size?: bigint;
      readonly liobn?: bigint;
      /** How many dynamic windows there can be, or still be; the largest in pages; page sizes; levels of a table. */
      readonly windows?: number;
      readonly largest?: bigint;
      readonly pageSizes?: bigint;
      readonly levels?: number;
      /** Is the group in a container. */
      readonly attached?: boolean;
      /** An info call: bytes that are needed or were given, mappings left, valid ranges. */
      readonly argsz?: number;
      readonly avail?: number;
      readonly ranges?: number;
      readonly dirty?: number;
      /** The memory that was reached: address space and address. */
      readonly mm?: number;
      readonly vaddr?: bigint;
    }
  | { readonly is: 'refused'; readonly errno: Errno; readonly warned?: true }
  | { readonly is: 'fault' }
  | { readonly is: 'outside' }
  | { readonly is: 'waits' };
