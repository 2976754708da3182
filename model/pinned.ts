// What was pinned of a world, does it agree with what was found, and how is the file of pins written?
import { PINS } from './pins.js';

/** Exact counts of a world that was explored to its end with its own policies. */
export interface Counts {
  readonly states: number;
  readonly transitions: number;
}

export interface Pin extends Counts {
  /** States up to the declared symmetry. */
  readonly canonical?: number;
}

export type Pins = { readonly [world: string]: Pin };

/** All pins, by the name of the world. */
export const ALL_PINS: Pins = PINS;

/** The pin of a world; undefined: there is none yet. */
export const pinOf = (world: { readonly name: string }, pins: Pins = ALL_PINS): Pin | undefined =>
  Object.hasOwn(pins, world.name) ? pins[world.name] : undefined;

/** The same, where there must be one. Throws, and says how to get one. */
export function pinned(world: { readonly name: string }, pins: Pins = ALL_PINS): Pin {
  const pin = pinOf(world, pins);
  if (pin === undefined)
    throw new Error(`world ${world.name} has no pinned counts: iommu-spec check ${world.name} --pin`);
  return pin;
}

/** States and transitions alone, to compare with what a run found. */
export function countsOf(world: { readonly name: string }, pins: Pins = ALL_PINS): Counts {
  const { states, transitions } = pinned(world, pins);
  return { states, transitions };
}

/** What a complete run of a world found; `symmetry`: its states are those up to the declared symmetry. */
export interface Found extends Counts {
  readonly symmetry: boolean;
}

/** One number that is not the pinned one; `pinned` undefined: there is none. */
export interface Unlike {
  readonly what: 'states' | 'transitions' | 'states up to symmetry';
  readonly pinned: number | undefined;
  readonly found: number;
}

/** Where a run and the pin differ. Transitions up to symmetry are not pinned. */
export function unlike(pin: Pin | undefined, found: Found): readonly Unlike[] {
  const rows: readonly Unlike[] = found.symmetry
    ? [{ what: 'states up to symmetry', pinned: pin?.canonical, found: found.states }]
    : [
        { what: 'states', pinned: pin?.states, found: found.states },
        { what: 'transitions', pinned: pin?.transitions, found: found.transitions },
      ];
  return rows.filter(row => row.pinned !== row.found);
}

/** The pins with what a run found in the place of what was pinned. Throws where a first pin is not of a full run. */
export function repinned(name: string, found: Found, pins: Pins = ALL_PINS): Pins {
  const before = Object.hasOwn(pins, name) ? pins[name] : undefined;
  if (!found.symmetry) {
    const { states, transitions } = found;
    return { ...pins, [name]: { ...before, states, transitions } };
  }
  if (before === undefined)
    throw new Error(`world ${name} has no pinned counts: pin a run without --symmetry first`);
  return { ...pins, [name]: { ...before, canonical: found.states } };
}

/** The text of pins.ts, whose head is taken from the text of today. */
export function pinsFile(today: string, pins: Pins): string {
  const start = today.indexOf('{\n');
  const end = today.lastIndexOf('\n}');
  if (start < 0 || end < 0) throw new Error('this is not the file of pins');
  const rows = Object.entries(pins)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, pin]) => `  ${/^[a-z]\w*$/.test(name) ? name : `'${name}'`}: { ${fields(pin)} },`);
  return `${today.slice(0, start + 1)}\n${rows.join('\n')}${today.slice(end)}`;
}

const fields = ({ states, transitions, canonical }: Pin): string =>
  Object.entries({ states, transitions, ...(canonical === undefined ? {} : { canonical }) })
    .map(([key, n]) => `${key}: ${n < 10_000 ? n : String(n).replace(/\B(?=(?:\d{3})+$)/g, '_')}`)
    .join(', ');
