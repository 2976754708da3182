// Which value does a field of a form begin with, and which call does a form begin with?
import type * as t from 'io-ts';
import { printable } from '../../conformance/index.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import { CALLS } from '../../spec/calls/index.js';
import { type AnyOp, allowed, lackOf } from '../../spec/index.js';
import {
  Closed,
  type Defect,
  decode,
  Leaf,
  List,
  OrWord,
  Tagged,
  VOCABULARIES,
} from '../../spec/protocol/index.js';
import { type Game, stateAt } from './game.js';

/** A value as it is written down: plain JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The smallest value that a codec reads, as far as it can be told from its parts. */
export function blank(codec: t.Mixed): Json {
  if (codec instanceof Closed)
    return Object.fromEntries(
      Object.entries(codec.required as Props).map(([key, inner]) => [key, blank(inner)]),
    );
  if (codec instanceof Tagged) return blank(Object.values(codec.arms as Props)[0]!);
  if (codec instanceof OrWord) return blank(codec.codec as t.Mixed);
  if (codec instanceof List) return [];
  if (codec instanceof Leaf) return blankLeaf(codec);
  const standard = codec as unknown as Standard;
  switch (standard._tag) {
    case 'LiteralType':
      return standard.value;
    case 'BooleanType':
      return false;
    case 'StringType':
      return '';
    case 'ReadonlyType':
      return blank(standard.type);
    case 'UnionType':
      return blank(standard.types[0]!);
    case 'KeyofType':
      return Object.keys(standard.keys)[0] ?? '';
    case 'NullType':
      return null;
    default:
      return {};
  }
}

type Props = { readonly [key: string]: t.Mixed };

/** What io-ts itself calls its codecs, as far as the protocol uses them. */
export type Standard =
  | t.LiteralType<string | number | boolean>
  | t.BooleanType
  | t.NullType
  | t.StringType
  | t.UnknownType
  | t.DictionaryType<t.Mixed, t.Mixed>
  | t.ReadonlyType<t.Mixed>
  | t.UnionType<t.Mixed[]>
  | t.KeyofType<{ [word: string]: unknown }>;

function blankLeaf({ keywords }: Leaf<unknown, unknown>): Json {
  const words = keywords['enum'];
  if (Array.isArray(words)) return (words as readonly string[])[0] ?? '';
  if (keywords['type'] === 'integer') return Math.max(Number(keywords['minimum'] ?? 0), 0);
  return String(keywords['pattern'] ?? '').startsWith('^0x') ? '0x0' : '';
}

/** The codec of one operation. */
export const codecOf = (profile: string, op: string): t.Mixed =>
  (VOCABULARIES[profile]!.op as unknown as Tagged<Props>).arms[op]!;

/** The operations of a profile, without those that the release does not have. */
export const operationsOf = ({ setting: { profile, policies } }: Game): readonly string[] =>
  Object.keys(profile.rules).filter(op => lackOf(profile, policies, op) === undefined);

/** Calls that are drawn to find one of an operation. */
const DRAWN = 600;

/** A call of this operation as a random walk would make it here; one that succeeds, if one does. As it is written. */
export function suggested(game: Game, op: string, seed: number): Json {
  const { profile, machine, policies } = game.setting;
  const calls = CALLS[profile.name];
  const encode = (call: AnyOp): Json => VOCABULARIES[profile.name]!.op.encode(call) as Json;
  if (calls !== undefined) {
    const state = stateAt(game.setting, game.at);
    const dice = new Dice(seed);
    let any: AnyOp | undefined;
    for (let i = 0; i < DRAWN; i++) {
      const call = calls.next(machine, state, new Digits(dice.number())) as AnyOp;
      if (call.op !== op) continue;
      any ??= call;
      if (allowed(profile, state, call, policies).some(e => e.outcome.is !== 'refused')) return encode(call);
    }
    if (any !== undefined) return encode(any);
  }
  return blank(codecOf(profile.name, op));
}

/** What is wrong with a value that is to be a call on this machine; the call where nothing is. */
export function readCall(
  { profile, machine }: Game['setting'],
  value: Json,
): { readonly op: AnyOp } | { readonly wrong: readonly string[] } {
  const words = VOCABULARIES[profile.name]!;
  const decoded = decode(words.op, value);
  if (!decoded.ok) return { wrong: decoded.defects.map(told) };
  const unfit = words.opFits?.(machine, decoded.value);
  if (unfit !== undefined) return { wrong: [told(unfit)] };
  return { op: decoded.value as AnyOp };
}

/** The same for the text of a machine. */
export function readMachine(
  profile: string,
  text: string,
): { readonly machine: unknown } | { readonly wrong: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { wrong: [printable(`no JSON: ${error instanceof Error ? error.message : String(error)}`)] };
  }
  const words = VOCABULARIES[profile]!;
  const decoded = decode(words.machine, value);
  if (!decoded.ok) return { wrong: decoded.defects.map(told) };
  const unfit = words.machineFits?.(decoded.value);
  return unfit === undefined ? { machine: decoded.value } : { wrong: [told(unfit)] };
}

const told = ({ path, reason }: Defect): string => printable(`${path}: ${reason}`);
