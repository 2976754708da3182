// How are the results of a campaign kept, so that a kill at any moment loses none that was there?
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import * as t from 'io-ts';
import { decode } from '../../spec/protocol/index.js';
import { reasonOf, Unreadable, Unwritable, Usage } from '../exit.js';
import type { Campaign, Unit } from './file.js';

const FORMAT = 'iommu-spec-unit';

/** What a unit came to: an exit code and its data, or why it was set aside. */
export const Result = t.intersection([
  t.type({
    format: t.literal(FORMAT),
    version: t.literal(1),
    unit: t.string,
    law: t.string,
    argv: t.array(t.string),
    /** How often it was begun, as far as whoever wrote this knows. */
    tries: t.number,
    seconds: t.number,
    /** Milliseconds since 1970. */
    ended: t.number,
  }),
  t.partial({
    code: t.number,
    /** What `--json` says. */
    data: t.unknown,
    /** Of a part of a run on a target: what `merge` puts together. */
    blob: t.unknown,
    /** It ended whoever did it, so often that nobody tries again: how, and what was said at last. */
    aside: t.type({ how: t.string, said: t.string }),
  }),
]);
export type Result = t.TypeOf<typeof Result>;

export const resultOf = (
  unit: Unit,
  law: string,
  rest: Omit<Result, 'format' | 'version' | 'unit' | 'law' | 'argv' | 'ended'>,
): Result => ({
  format: FORMAT,
  version: 1,
  unit: unit.name,
  law,
  argv: [...unit.argv],
  ended: Date.now(),
  ...rest,
});

/** Is this the result of that unit, by our law? Throws `Unreadable` with `where` it was found. */
export function checked(value: unknown, unit: Unit, law: string, where: string): Result {
  const decoded = decode(Result as unknown as t.Type<Result>, value);
  const defect = decoded.ok ? undefined : decoded.defects[0];
  if (!decoded.ok)
    throw new Unreadable(`${where} is no result of a unit: ${defect?.path ?? ''}: ${defect?.reason ?? ''}`);
  const { value: result } = decoded;
  const same = result.unit === unit.name && JSON.stringify(result.argv) === JSON.stringify(unit.argv);
  if (!same || result.law !== law)
    throw new Unreadable(`${where} is the result of something else than of unit ${unit.name}`);
  const ended = result.code !== undefined && result.data !== undefined;
  if (ended === (result.aside !== undefined)) throw new Unreadable(`${where} says not what came of it`);
  return result;
}

/** A folder with a file for each unit that is done, and one that says of which campaign they are. */
export class Results {
  private readonly done = new Map<string, Result>();

  /** Reads what is there. Throws `Usage` where it is of another campaign, or of another law. */
  constructor(
    private readonly folder: string,
    private readonly campaign: Campaign,
    writing = true,
  ) {
    const { hash, law, asked } = campaign;
    const mine = join(folder, 'campaign.json');
    if (existsSync(mine)) this.compare(mine);
    else if (writing) this.put('campaign.json', { format: 'iommu-spec-campaign-results', hash, law, asked });
    else throw new Usage(`there are no results of a campaign in ${folder}`);
    const there = new Set(readdirSync(folder));
    for (const unit of campaign.units) {
      const file = `${unit.name}.json`;
      if (there.has(file)) this.done.set(unit.name, checked(this.read(file), unit, law, join(folder, file)));
    }
  }

  has(unit: Unit): boolean {
    return this.done.has(unit.name);
  }

  get(unit: Unit): Result | undefined {
    return this.done.get(unit.name);
  }

  get all(): readonly Result[] {
    return [...this.done.values()];
  }

  /** Whole or not at all. */
  add(unit: Unit, value: unknown, where: string): void {
    const result = checked(value, unit, this.campaign.law, where);
    this.put(`${unit.name}.json`, result);
    this.done.set(unit.name, result);
  }

  private compare(file: string): void {
    const { hash, law } = this.read('campaign.json') as { hash?: unknown; law?: unknown };
    if (law !== this.campaign.law)
      throw new Usage(`${file}: those results are of another version of the law or of this program`);
    if (hash !== this.campaign.hash) throw new Usage(`${file}: those results are of another campaign`);
  }

  private read(file: string): unknown {
    const path = join(this.folder, file);
    try {
      return JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      throw new Unreadable(`${path} cannot be read: ${reasonOf(error)}`);
    }
  }

  private put(file: string, value: object): void {
    const path = join(this.folder, file);
    try {
      mkdirSync(this.folder, { recursive: true });
      const temporary = `${path}.${process.pid}.new`;
      const handle = openSync(temporary, 'w');
      try {
        const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
        for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(temporary, path);
    } catch (error) {
      throw new Unwritable(`${path} cannot be written: ${reasonOf(error)}`);
    }
  }
}
