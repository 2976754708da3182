// What do the units of a campaign come to together?
import type { RunData } from '../reporters/result.js';
import { type Blob, merged, readBlob } from '../targets/blob.js';
import type { Campaign } from './file.js';
import type { Result, Results } from './results.js';

export interface Totals {
  readonly units: number;
  readonly done: number;
  readonly missing: number;
  readonly conforms: number;
  readonly diverges: number;
  readonly inconclusive: number;
  /** Those that were set aside, with their command lines. */
  readonly aside: readonly {
    readonly argv: readonly string[];
    readonly how: string;
    readonly said: string;
  }[];
  /** Those that diverge, by their command lines. */
  readonly diverging: readonly string[];
  readonly check: { readonly worlds: number; readonly states: number; readonly transitions: number };
  readonly walk: { readonly walks: number; readonly operations: number };
  readonly faults: { readonly faults: number; readonly caught: number };
  /** Runs on targets of which all parts are there, as `merge` puts them together. */
  readonly run: readonly RunData[];
}

/** In the order of the campaign, so that it makes no difference who did what, and when. */
export function totalsOf(campaign: Campaign, results: Results): Totals {
  const done = campaign.units.flatMap(unit => results.get(unit) ?? []);
  const coded = (code: number): readonly Result[] => done.filter(r => r.code === code);
  const worlds = (command: string): readonly Figures[] =>
    done
      .filter(r => r.argv[0] === command && r.data !== undefined)
      .flatMap(r => (r.data as Data).worlds ?? []);
  const sum = (rows: readonly Figures[], key: keyof Figures): number =>
    rows.reduce((n, row) => n + (row[key] ?? 0), 0);
  const [checked, walked] = [worlds('check'), worlds('walk')];
  const faults = done.flatMap(r =>
    r.argv[0] === 'faults' ? ((r.data as Data | undefined)?.faults ?? []) : [],
  );
  return {
    units: campaign.units.length,
    done: done.length,
    missing: campaign.units.length - done.length,
    conforms: coded(0).length,
    diverges: coded(1).length,
    inconclusive: coded(2).length,
    aside: done.flatMap(({ argv, aside }) => (aside === undefined ? [] : [{ argv, ...aside }])),
    diverging: coded(1).map(r => r.argv.join(' ')),
    check: {
      worlds: checked.length,
      states: sum(checked, 'states'),
      transitions: sum(checked, 'transitions'),
    },
    walk: { walks: sum(walked, 'runs'), operations: sum(walked, 'operations') },
    faults: { faults: faults.length, caught: faults.filter(f => f.caught === true).length },
    run: runsOf(campaign, results),
  };
}

type Figures = { readonly [K in 'states' | 'transitions' | 'runs' | 'operations']?: number };

interface Data {
  readonly worlds?: readonly Figures[];
  readonly faults?: readonly { readonly caught?: boolean }[];
}

function runsOf({ units }: Campaign, results: Results): readonly RunData[] {
  const groups = new Map<string, (Blob | undefined)[]>();
  for (const unit of units) {
    if (unit.group === undefined) continue;
    const blob = results.get(unit)?.blob;
    const read = blob === undefined ? undefined : readBlob(unit.name, JSON.stringify(blob));
    groups.set(unit.group, [...(groups.get(unit.group) ?? []), read]);
  }
  return [...groups.values()].flatMap(blobs => {
    const whole = blobs.filter(b => b !== undefined);
    return whole.length === blobs.length ? [merged(whole)] : [];
  });
}
