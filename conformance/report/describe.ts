// How does a person read an operation, an answer, a value of a recording?
import type { AnyOp } from '../../spec/law/profile.js';
import { brief } from '../../spec/protocol/codec.js';
import { isEnding, type Observed, UNOBSERVED } from '../../spec/protocol/observed.js';
import { printable } from '../trace/printable.js';

/** `map  handle 3, iova 0x1000, device 0 (edu)`: the operation's name and its fields, in their order. */
export function describeOp(op: AnyOp, machine: unknown): { readonly name: string; readonly fields: string } {
  const fields = Object.entries(op)
    .filter(([key, value]) => key !== 'op' && value !== undefined)
    .map(([key, value]) => describeField(key, value, machine));
  return { name: op.op, fields: fields.join(', ') };
}

/** `ok`, `EBUSY`, `ok paddr 0x2000`, `died (exit code 1)`. */
export function describeOutcome(outcome: Observed): string {
  if (outcome.is === 'refused') {
    const errno = outcome.errno === UNOBSERVED ? 'refused, by what is unobserved' : outcome.errno;
    return outcome.warned === true ? `${errno} warned` : errno;
  }
  if (outcome.is === 'unknown') return printable(outcome.says);
  if (isEnding(outcome))
    return outcome.says === undefined ? outcome.is : `${outcome.is} (${printable(outcome.says)})`;
  const values = Object.entries(outcome)
    .filter(([key, value]) => key !== 'is' && value !== undefined)
    .map(([key, value]) => `${key} ${describeValue(value)}`);
  return [outcome.is, values.join(', ')].filter(part => part !== '').join(' ');
}

/** A value in few characters: addresses in hex, text bare where it is one word, nothing for absence. */
export function describeValue(value: unknown): string {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (typeof value === 'string' && /^[\w.:/@-]{1,60}$/.test(value)) return value;
  if (value === undefined) return 'nothing';
  return printable(brief(plain(value)));
}

function describeField(key: string, value: unknown, machine: unknown): string {
  if (typeof value === 'boolean') return value ? key : `not ${key}`;
  const name = typeof value === 'number' ? nameIn(machine, `${key}s`, value) : undefined;
  return `${key} ${value === null ? 'none' : describeValue(value)}${name === undefined ? '' : ` (${name})`}`;
}

/**
 * What the machine calls its `devices` or `groups` number `index`, where the profile's machine has such a
 * list: a device has a name, a group a bus and an id. Asked by shape, so no profile is named here.
 */
export function nameIn(machine: unknown, list: string, index: number): string | undefined {
  const rows = fieldOf(machine, list);
  const row: unknown = Array.isArray(rows) ? rows[index] : undefined;
  const name = fieldOf(row, 'name');
  if (typeof name === 'string') return describeValue(name);
  const [bus, id] = [fieldOf(row, 'bus'), fieldOf(row, 'id')];
  return bus === undefined || id === undefined ? undefined : `${describeValue(bus)} ${describeValue(id)}`;
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as { readonly [key: string]: unknown })[key];
}

/** The same value without bigints, so that JSON can hold it; 64-bit values as in a recording. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
}
