// What can a recording say of how an operation ended, also where it was no answer that any law speaks of?
import * as t from 'io-ts';
import { brief, closed, matching, orWord, tagged, text } from './codec.js';
import { CODES } from './errno.js';
import { ANSWER, type Outcome } from './outcome.js';

/** Stands for any value of an answer that nobody could see. */
export const UNOBSERVED = 'unobserved';
export type Unobserved = typeof UNOBSERVED;

type Ok = Extract<Outcome, { is: 'ok' }>;
type OkSeen = { readonly is: 'ok' } & { readonly [K in Exclude<keyof Ok, 'is'>]?: Ok[K] | Unobserved };

/** The endings that are no answers. */
export const ENDINGS = ['died', 'no-answer', 'garbage'] as const;
export type EndingWord = (typeof ENDINGS)[number];

/**
 * How an operation ended, as whoever recorded it saw it: an answer that the law may give, and beside it
 * - `refused` by an errno that no clause has a word for: written as it is, and a divergence;
 * - any value of an answer, the errno included, as `unobserved`: it is not compared;
 * - `unobserved`: the operation was made, and nothing of its answer was seen;
 * - `not-implemented`: whoever was asked does not have the operation. It is not tested, and nothing changed;
 * - `died`, `no-answer` (in time), `garbage` (an answer that cannot be read): divergences of their own kind,
 *   with what is known of them in a few words;
 * - `unknown`: an answer that the format has no word for; `says` spells it. A divergence as well.
 */
export type Observed =
  | Exclude<Outcome, { is: 'ok' } | { is: 'refused' }>
  | OkSeen
  | { readonly is: 'refused'; readonly errno: string; readonly warned?: true | Unobserved }
  | { readonly is: Unobserved }
  | { readonly is: 'not-implemented' }
  | { readonly is: EndingWord; readonly says?: string }
  | { readonly is: 'unknown'; readonly says: string };

const seen = Object.fromEntries(
  Object.entries(ANSWER).map(([key, codec]) => [
    key,
    orWord(UNOBSERVED, codec as t.Type<unknown, unknown, unknown>),
  ]),
);
const says = text('words', 500);
/** How error codes are spelt everywhere: `EAGAIN`, `H_TOO_HARD`. */
const code = matching('an error code like "EINVAL"', /^[A-Z][A-Z0-9_]{0,39}$/, CODES);
const WORD = /^[a-z][a-z-]{0,39}$/;

export const Observed = tagged(
  'is',
  {
    ok: closed('ok', { is: t.literal('ok') }, seen),
    refused: closed(
      'refused',
      { is: t.literal('refused'), errno: orWord(UNOBSERVED, code) },
      { warned: orWord(UNOBSERVED, ANSWER.warned) },
    ),
    fault: closed('fault', { is: t.literal('fault') }),
    outside: closed('outside', { is: t.literal('outside') }),
    waits: closed('waits', { is: t.literal('waits') }),
    unobserved: closed('unobserved', { is: t.literal(UNOBSERVED) }),
    'not-implemented': closed('not-implemented', { is: t.literal('not-implemented') }),
    died: closed('died', { is: t.literal('died') }, { says }),
    'no-answer': closed('no-answer', { is: t.literal('no-answer') }, { says }),
    garbage: closed('garbage', { is: t.literal('garbage') }, { says }),
    unknown: closed('unknown', { is: t.literal('unknown'), says }),
  },
  { spelt: WORD, make: u => ({ is: 'unknown', says: brief(u) }) as const },
) as unknown as t.Type<Observed, Record<string, unknown>, unknown>;

/** Did the operation end without any answer? */
export const isEnding = (o: Observed): o is Extract<Observed, { is: EndingWord }> =>
  (ENDINGS as readonly string[]).includes(o.is);
