// What can an operation answer?
import * as t from 'io-ts';
import { closed, Hex64, tagged } from './codec.js';
import { Errno } from './errno.js';

/**
 * The answer of one operation, normal data in every case:
 * - `ok`: done, with the values that the caller sees;
 * - `refused`: an errno, and nothing changed;
 * - `fault`: a DMA that the IOMMU did not translate;
 * - `outside`: a DMA by a device that no context of ours translates (the kernel's own domain decides);
 * - `waits`: the operation blocks; a later `resume` finishes it.
 */
export const Outcome = tagged('is', {
  ok: closed('ok', { is: t.literal('ok') }, { viable: t.boolean, mmLocked: t.boolean, paddr: Hex64 }),
  refused: closed('refused', { is: t.literal('refused'), errno: Errno }),
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
    }
  | { readonly is: 'refused'; readonly errno: Errno }
  | { readonly is: 'fault' }
  | { readonly is: 'outside' }
  | { readonly is: 'waits' };
