// How does outside data become a value of ours, and what exactly is wrong with it when it does not?
import { either, isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';

/** One defect of a decoded value: the path of keys from the root (`op.iova`), and the reason in words. */
export interface Defect {
  readonly path: string;
  readonly reason: string;
}

export type Decoded<A> =
  | { readonly ok: true; readonly value: A }
  | { readonly ok: false; readonly defects: readonly Defect[] };

/** So many defects of one value are told; a value can have as many as it has parts. */
export const MOST_DEFECTS = 8;

/** Decodes with any codec; the first defects come back with their paths, nothing is thrown. */
export function decode<A, O>(codec: t.Type<A, O, unknown>, input: unknown): Decoded<A> {
  const result = codec.decode(input);
  if (!isLeft(result)) return { ok: true, value: result.right };
  return { ok: false, defects: result.left.slice(0, MOST_DEFECTS).map(describe) };
}

function describe(error: t.ValidationError): Defect {
  const path = error.context
    .map(entry => entry.key)
    .filter(key => key !== '')
    .join('.');
  const last = error.context[error.context.length - 1];
  const reason = error.message ?? `expected ${last?.type.name ?? 'another value'}, got ${brief(error.value)}`;
  return { path, reason };
}

/** A value in at most 60 characters, for messages. */
export function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

type Props = { readonly [key: string]: t.Mixed };
type Optional<P extends Props> = { [K in keyof P]?: t.TypeOf<P[K]> };
type Required<P extends Props> = { [K in keyof P]: t.TypeOf<P[K]> };

/** A record with exactly some keys. It keeps its codecs, so that tables and schemas are made from it. */
export class Closed<P extends Props, Q extends Props> extends t.Type<
  Readonly<Required<P> & Optional<Q>>,
  Record<string, unknown>,
  unknown
> {
  readonly _tag = 'Closed' as const;

  constructor(
    name: string,
    readonly required: P,
    readonly optional: Q,
    is: t.Is<Readonly<Required<P> & Optional<Q>>>,
    validate: t.Validate<unknown, Readonly<Required<P> & Optional<Q>>>,
    encode: t.Encode<Readonly<Required<P> & Optional<Q>>, Record<string, unknown>>,
  ) {
    super(name, is, validate, encode);
  }
}

/** What a schema says of a value that is no record and no list. */
export type Keywords = { readonly [keyword: string]: string | number | readonly string[] };

/** A single value, with what a schema says of it. */
export class Leaf<A, O> extends t.Type<A, O, unknown> {
  readonly _tag = 'Leaf' as const;

  constructor(
    name: string,
    readonly keywords: Keywords,
    is: t.Is<A>,
    validate: t.Validate<unknown, A>,
    encode: t.Encode<A, O>,
  ) {
    super(name, is, validate, encode);
  }
}

/**
 * A record with exactly these keys: io-ts's `type` keeps unknown keys and its `strict` drops them
 * silently; a recording must do neither. Keys that only a prototype could hold are unknown like any other.
 */
export function closed<P extends Props, Q extends Props = Record<never, t.Mixed>>(
  name: string,
  required: P,
  optional: Q = {} as Q,
): Closed<P, Q> {
  const shape: Props = { ...required, ...optional };
  const keys = Object.keys(shape);
  const known = new Set(keys);
  type A = Readonly<Required<P> & Optional<Q>>;
  return new Closed<P, Q>(
    name,
    required,
    optional,
    (u): u is A => isPlain(u) && keys.every(key => (key in required ? shape[key]!.is(u[key]) : true)),
    (u, context) => {
      if (!isPlain(u)) return t.failure(u, context, `expected an object (${name}), got ${brief(u)}`);
      const errors: t.Errors = [];
      for (const key of Object.keys(u)) {
        if (errors.length >= MOST_DEFECTS) break;
        if (!known.has(key)) errors.push(mistake(u[key], context, key, `unknown key: ${key}`));
      }
      const out: Record<string, unknown> = {};
      for (const key of keys) {
        if (errors.length >= MOST_DEFECTS) break;
        const has = Object.hasOwn(u, key);
        if (!has && !(key in required)) continue;
        if (!has) {
          errors.push(mistake(undefined, context, key, 'missing'));
          continue;
        }
        const result = shape[key]!.validate(u[key], t.appendContext(context, key, shape[key]!, u[key]));
        if (isLeft(result)) add(errors, result.left);
        else out[key] = result.right;
      }
      return errors.length > 0 ? t.failures(errors) : t.success(out as A);
    },
    a => {
      const out: Record<string, unknown> = {};
      for (const key of keys) {
        const value = (a as Record<string, unknown>)[key];
        if (value !== undefined) out[key] = shape[key]!.encode(value);
      }
      return out;
    },
  );
}

function mistake(value: unknown, context: t.Context, key: string, message: string): t.ValidationError {
  return { value, context: t.appendContext(context, key, t.unknown, value), message };
}

/** Takes over as many defects as are told. */
function add(errors: t.Errors, more: t.Errors): void {
  for (let i = 0; i < more.length && errors.length < MOST_DEFECTS; i++) errors.push(more[i]!);
}

function isPlain(u: unknown): u is Record<string, unknown> {
  return typeof u === 'object' && u !== null && !Array.isArray(u);
}

type ArmsOf = { readonly [tag: string]: t.Mixed };

/** What is made of a record whose word names no arm, if the word is spelt as words are. */
export interface Others<A> {
  readonly spelt: RegExp;
  readonly make: (u: { readonly [key: string]: unknown }) => A;
}

/** Records told apart by one key. It keeps its arms, as `Closed` keeps its keys. */
export class Tagged<Arms extends ArmsOf> extends t.Type<
  t.TypeOf<Arms[keyof Arms]>,
  Record<string, unknown>,
  unknown
> {
  readonly _tag = 'Tagged' as const;

  constructor(
    name: string,
    readonly key: string,
    readonly arms: Arms,
    is: t.Is<t.TypeOf<Arms[keyof Arms]>>,
    validate: t.Validate<unknown, t.TypeOf<Arms[keyof Arms]>>,
    encode: t.Encode<t.TypeOf<Arms[keyof Arms]>, Record<string, unknown>>,
    readonly others?: Others<t.TypeOf<Arms[keyof Arms]>>,
  ) {
    super(name, is, validate, encode);
  }
}

/** A union told apart by one key: only the named arm reports, not every arm in turn. */
export function tagged<K extends string, Arms extends ArmsOf>(
  key: K,
  arms: Arms,
  others?: Others<t.TypeOf<Arms[keyof Arms]>>,
): Tagged<Arms> {
  type A = t.TypeOf<Arms[keyof Arms]>;
  const names = Object.keys(arms);
  const arm = (tag: unknown) => (typeof tag === 'string' && Object.hasOwn(arms, tag) ? arms[tag] : undefined);
  return new Tagged<Arms>(
    `one of ${names.join(', ')}`,
    key,
    arms,
    (u): u is A => isPlain(u) && arm(u[key]) !== undefined,
    (u, context) => {
      if (!isPlain(u)) return t.failure(u, context, `expected an object, got ${brief(u)}`);
      const tag = Object.hasOwn(u, key) ? u[key] : undefined;
      const chosen = arm(tag);
      if (chosen === undefined) {
        if (others !== undefined && typeof tag === 'string' && others.spelt.test(tag))
          return t.success(others.make(u));
        const why =
          tag === undefined ? 'missing' : `unknown ${key} ${brief(tag)}; known: ${names.join(', ')}`;
        return t.failures([mistake(tag, context, key, why)]);
      }
      return either.map(chosen.validate(u, context), value => value as A);
    },
    a => arm((a as Record<string, unknown>)[key])!.encode(a) as Record<string, unknown>,
    others,
  );
}

/** A list of values of one kind. It ends at the first defects: who sends a million wrong ones is told of a few. */
export class List<C extends t.Mixed> extends t.Type<
  readonly t.TypeOf<C>[],
  readonly t.OutputOf<C>[],
  unknown
> {
  readonly _tag = 'List' as const;

  constructor(readonly item: C) {
    super(
      `list of ${item.name}`,
      (u): u is readonly t.TypeOf<C>[] => Array.isArray(u) && u.every(item.is),
      (u, context) => {
        if (!Array.isArray(u)) return t.failure(u, context, `expected a list, got ${brief(u)}`);
        const errors: t.Errors = [];
        const out: t.TypeOf<C>[] = [];
        for (let i = 0; i < u.length && errors.length < MOST_DEFECTS; i++) {
          const result = item.validate(u[i], t.appendContext(context, String(i), item, u[i]));
          if (isLeft(result)) add(errors, result.left);
          else out.push(result.right);
        }
        return errors.length > 0 ? t.failures(errors) : t.success(out);
      },
      a => a.map(item.encode),
    );
  }
}

export const list = <C extends t.Mixed>(item: C): List<C> => new List(item);

const HEX = /^0x(0|[1-9a-f][0-9a-f]{0,15})$/;

/** A 64-bit value: a bigint here, in a file one canonical spelling, lower-case hex without leading zeros. */
export const Hex64 = new Leaf<bigint, string>(
  '64-bit hex string like "0x1000"',
  { type: 'string', pattern: HEX.source },
  (u): u is bigint => typeof u === 'bigint' && u >= 0n && u < 1n << 64n,
  (u, context) =>
    typeof u === 'string' && HEX.test(u)
      ? t.success(BigInt(u))
      : t.failure(
          u,
          context,
          `expected a lower-case hex string without leading zeros like "0x1000", got ${brief(u)}`,
        ),
  a => `0x${a.toString(16)}`,
);

/** A whole number within closed bounds; JSON's only safe kind. */
export const whole = (name: string, low: number, high: number): Leaf<number, number> =>
  new Leaf<number, number>(
    name,
    { type: 'integer', minimum: low, maximum: high },
    (u): u is number => typeof u === 'number' && Number.isInteger(u) && u >= low && u <= high,
    (u, context) =>
      typeof u === 'number' && Number.isInteger(u) && u >= low && u <= high
        ? t.success(u)
        : t.failure(u, context, `expected a whole number from ${low} to ${high} (${name}), got ${brief(u)}`),
    a => a,
  );

const PRINTABLE = '^[^\\u0000-\\u001f\\u007f]*$';

/** Text of bounded length without control characters. */
export const text = (name: string, most: number): Leaf<string, string> =>
  new Leaf<string, string>(
    name,
    { type: 'string', maxLength: most, pattern: PRINTABLE },
    (u): u is string => typeof u === 'string',
    (u, context) =>
      typeof u === 'string' && u.length <= most && !hasControl(u)
        ? t.success(u)
        : t.failure(u, context, `expected at most ${most} printable characters (${name}), got ${brief(u)}`),
    a => a,
  );

function hasControl(s: string): boolean {
  for (let i = 0; i < s.length; i++) {
    const code = s.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

/** One of a few words. */
export function word<const W extends readonly string[]>(...words: W): Leaf<W[number], string> {
  return new Leaf<W[number], string>(
    words.join(' | '),
    { enum: words },
    (u): u is W[number] => typeof u === 'string' && words.includes(u),
    (u, context) =>
      typeof u === 'string' && words.includes(u)
        ? t.success(u)
        : t.failure(u, context, `expected one of ${words.join(', ')}, got ${brief(u)}`),
    a => a,
  );
}

/** Text of one spelling: `expression` matches all of it. `known`: words that a schema names as examples. */
export const matching = (
  name: string,
  expression: RegExp,
  known: readonly string[] = [],
): Leaf<string, string> =>
  new Leaf<string, string>(
    name,
    { type: 'string', pattern: expression.source, ...(known.length === 0 ? {} : { examples: known }) },
    (u): u is string => typeof u === 'string' && expression.test(u),
    (u, context) =>
      typeof u === 'string' && expression.test(u)
        ? t.success(u)
        : t.failure(u, context, `expected ${name}, got ${brief(u)}`),
    a => a,
  );

/** A value, or one word in its place. */
export class OrWord<A, W extends string> extends t.Type<A | W, unknown, unknown> {
  readonly _tag = 'OrWord' as const;

  constructor(
    readonly other: W,
    readonly codec: t.Type<A, unknown, unknown>,
  ) {
    super(
      `${codec.name}, or "${other}"`,
      (u): u is A | W => u === other || codec.is(u),
      (u, context) => (u === other ? t.success(other) : codec.validate(u, context)),
      a => (a === other ? other : codec.encode(a as A)),
    );
  }
}

/** A value, or one word in its place. What is wrong with the value is said without a word of the other. */
export const orWord = <A, const W extends string>(
  other: W,
  codec: t.Type<A, unknown, unknown>,
): OrWord<A, W> => new OrWord(other, codec);
