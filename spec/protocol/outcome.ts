// What can an operation answer?
import * as t from 'io-ts';
import { closed, Hex64, tagged, whole } from './codec.js';
import { Errno } from './errno.js';

/**
 * The answer of one operation, normal data in every case:
 * - `ok`: done, with the values that the caller sees; `warned`: the kernel complained of its caller, and went on;
 * - `refused`: an errno, and nothing changed;
 * - `fault`: a DMA that the IOMMU did not translate;
 * - `outside`: a DMA by a device that no context of ours translates (the kernel's own domain decides);
 * - `waits`: the operation blocks; a later `resume` finishes it.
 */
export const Outcome = tagged('is', {
  ok: closed(
    'ok',
    { is: t.literal('ok') },
    {
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
    },
  ),
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
      readonly unmapped?: bigint;
      readonly yes?: boolean;
      readonly pasid?: number;
      readonly handle?: number;
      readonly domain?: number;
      readonly warned?: true;
    }
  | { readonly is: 'refused'; readonly errno: Errno }
  | { readonly is: 'fault' }
  | { readonly is: 'outside' }
  | { readonly is: 'waits' };
