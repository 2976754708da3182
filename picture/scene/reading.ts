// How is a field read of a view or a machine that is plain JSON?
import type { Fact, Shade } from './scene.js';

export interface Fields {
  readonly [key: string]: unknown;
}

export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const number = (value: unknown, otherwise = 0): number =>
  typeof value === 'number' ? value : otherwise;

/** As a fact shows it: nothing is a dash. */
export function text(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export const hex = (value: number): string => `0x${value.toString(16)}`;

/** A page number as an address; without rounding up to 2^64. */
export const address = (page: number, unit = 4096): string =>
  `0x${(BigInt(page) * BigInt(unit)).toString(16)}`;

/** 0x14200000 as 322 MiB. */
export function bytes(count: number, unit = 4096): string {
  const all = count * unit;
  const [size, name] = [
    [2 ** 60, 'EiB'],
    [2 ** 50, 'PiB'],
    [2 ** 40, 'TiB'],
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
  ].find(([least]) => all >= (least as number)) ?? [1, 'B'];
  const n = all / (size as number);
  return `${Number.isInteger(n) ? n : n.toFixed(1)} ${name}`;
}

export const fact = (key: string, value: unknown, shade?: Shade): Fact => ({
  key,
  value: text(value),
  ...(shade === undefined ? {} : { shade }),
});

/** A fact that is shown only where it is not what is always so, or was not. */
export function unless(usual: unknown, key: string, value: unknown, shade?: Shade): readonly Fact[] {
  if (value === undefined) return [];
  return value === usual ? [{ ...fact(key, value), usual: true }] : [fact(key, value, shade)];
}

/** Rows of a record keyed by numbers, in their order. */
export function byNumber(value: unknown): readonly (readonly [string, Fields])[] {
  return Object.entries(fields(value))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([key, row]) => [key, fields(row)] as const);
}

/** What the machine calls its device. */
export const deviceName = (machine: unknown, at: number): string =>
  text(fields(list(fields(machine)['devices'])[at])['name'] ?? `device ${at}`);

/** `0x1000` in pages, rounded down; undefined where it is no address. */
export function pageOf(value: unknown, unit = 4096): number | undefined {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,16}$/.test(value)) return undefined;
  return Number(BigInt(value) / BigInt(unit));
}
