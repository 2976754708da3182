// Does a run find the counts that were pinned, and who writes down new ones?
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AnyWorld } from '../model/explore/world.js';
import {
  ALL_PINS,
  type Found,
  type Pins,
  pinOf,
  pinsFile,
  repinned,
  type Unlike,
  unlike,
} from '../model/pinned.js';
import { Usage } from './exit.js';
import { count, type Out, paint } from './terminal.js';
import { writeWhole } from './written.js';

/** Where pins are written: in a clone beside the program; an installed package has no sources. */
const PINS_FILE = fileURLToPath(new URL('../../model/pins.ts', import.meta.url));

/** What a run found, if it can be compared with a pin. */
export interface Run {
  readonly complete: boolean;
  readonly states: number;
  readonly transitions: number;
  readonly symmetry?: object;
}

const foundIn = (run: Run): Found => ({
  states: run.states,
  transitions: run.transitions,
  symmetry: run.symmetry !== undefined,
});

/**
 * Compares a complete run of a world under its own policies with its pin, and says both numbers where they differ.
 * Under symmetry a world without that number is not held against anything. Any other run is not compared.
 */
export function heldToPin(world: AnyWorld, run: Run, out: Out, pins: Pins = ALL_PINS): readonly Unlike[] {
  if (!run.complete) return [];
  const rows = unlike(pinOf(world, pins), foundIn(run)).filter(
    row => row.pinned !== undefined || run.symmetry === undefined,
  );
  for (const row of rows) out.say(`  ${paint.red('not as pinned')}: ${told(row)}`);
  if (rows.length > 0) out.say(`  where that is right: npx iommu-spec check ${world.name} --pin`);
  return rows;
}

const told = ({ what, pinned, found }: Unlike): string =>
  pinned === undefined
    ? `${count(found)} ${what}, and no number is pinned`
    : `${count(found)} ${what}, pinned are ${count(pinned)}`;

/** Writes what a run found into the file of pins. Pins of worlds that were pinned by this process before are kept. */
export function pin(world: AnyWorld, run: Run, out: Out, file = PINS_FILE): void {
  if (!run.complete) throw new Usage(`${world.name} was not explored to its end: there is nothing to pin`);
  if (!existsSync(file))
    throw new Usage('pins are written in a clone; an installed package has no model/pins.ts');
  const found = foundIn(run);
  const different = unlike(pinOf(world, written), found);
  if (different.length === 0) return;
  written = repinned(world.name, found, written);
  writeWhole(file, pinsFile(readFileSync(file, 'utf8'), written));
  for (const row of different) out.say(`  pinned: ${count(row.found)} ${row.what}, ${before(row)}`);
}

const before = ({ pinned }: Unlike): string =>
  pinned === undefined ? 'none before' : `${count(pinned)} before`;

let written: Pins = ALL_PINS;
