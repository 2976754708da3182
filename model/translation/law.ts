// What must page tables behind an IOTLB do, said with a list of ranges and nothing else?
import { patch, patchAt } from '../../spec/kit/record.js';
import { ending, type Policies, refuse } from '../../spec/law/clause.js';
import type { Profile, View } from '../../spec/law/profile.js';
import { cite } from '../../spec/law/sources.js';

/** Pages that continue each other, in page numbers. `prot` 1 read, 2 write, 3 both. */
export interface Run {
  readonly page: number;
  readonly pages: number;
  readonly frame: number;
  readonly prot: number;
}

export interface Domain {
  readonly made: boolean;
  /** In ascending order, as long as they can be. */
  readonly runs: readonly Run[];
  /**
   * Pages that were accessed at some time. It decides nothing: it is there so that a domain which may be in an IOTLB is
   * another state than one which cannot be, and both are explored.
   */
  readonly touched: readonly number[];
}

export interface State {
  readonly domains: readonly Domain[];
}

export interface Setup {
  readonly domains: number;
}

export type Op =
  | { readonly op: 'create' | 'destroy'; readonly domain: number }
  | ({ readonly op: 'map'; readonly domain: number } & Run)
  | { readonly op: 'unmap'; readonly domain: number; readonly page: number; readonly pages: number }
  | { readonly op: 'access'; readonly domain: number; readonly page: number; readonly access: number };

type Of<K extends Op['op']> = Extract<Op, { op: K }>;

/** 48 bits of input address, 52 of output. */
const INPUT_PAGES = 2 ** 36;
const OUTPUT_FRAMES = 2 ** 40;
const PAGE = 4096n;

const TABLES = [cite('vt-d', 'Second-Stage Translation; Hierarchical Address Translation')];
const CACHE = [cite('vt-d', 'Caching Translation Information; Invalidation of Translation Caches')];
const LINUX = [cite('linux', 'drivers/iommu/iommu.c: iommu_map, iommu_unmap')];

const domainOf = (s: State, op: Op): Domain => s.domains[op.domain]!;
const withDomain = (s: State, op: Op, fields: Partial<Domain>): State =>
  patch(s, { domains: patchAt(s.domains, op.domain, fields) });

const overlaps = (run: Run, page: number, pages: number): boolean =>
  run.page < page + pages && page < run.page + run.pages;

/** What is left of a run outside of [page, page + pages). */
function outside(run: Run, page: number, pages: number): readonly Run[] {
  const before = { ...run, pages: Math.min(run.pages, page - run.page) };
  const from = Math.max(run.page, page + pages);
  const after = {
    ...run,
    page: from,
    pages: run.page + run.pages - from,
    frame: run.frame + (from - run.page),
  };
  return [before, after].filter(r => r.pages > 0);
}

/** Runs in ascending order, joined where they continue each other. */
function joined(runs: readonly Run[]): readonly Run[] {
  const all: Run[] = [];
  for (const { page, pages, frame, prot } of [...runs].sort((a, b) => a.page - b.page)) {
    const last = all.at(-1);
    const goesOn =
      last !== undefined &&
      last.page + last.pages === page &&
      last.frame + last.pages === frame &&
      last.prot === prot;
    if (goesOn) all[all.length - 1] = patch(last, { pages: last.pages + pages });
    else all.push({ page, pages, frame, prot });
  }
  return all;
}

const done = (state: State) => ({ outcome: { is: 'ok' } as const, state });

const noDomain = <K extends Op['op']>(op: K) =>
  refuse<State, Of<K>, Policies>(
    'ENODEV',
    { id: `${op}/no-domain`, says: 'There is no such domain.', cite: TABLES },
    (s, o) => domainOf(s, o)?.made !== true,
  );

/** The page accessed is noted, and that is all that changes. */
function touch(s: State, op: Of<'access'>): State {
  const { touched } = domainOf(s, op);
  return touched.includes(op.page)
    ? s
    : withDomain(s, op, { touched: [...touched, op.page].sort((a, b) => a - b) });
}

const reached = (s: State, op: Of<'access'>): Run | undefined =>
  domainOf(s, op).runs.find(r => overlaps(r, op.page, 1) && (op.access & ~r.prot) === 0);

const mapping = {
  map: [
    noDomain('map'),
    refuse<State, Of<'map'>, Policies>(
      'EINVAL',
      { id: 'map/nothing', says: 'A mapping has pages, and allows some access.', cite: LINUX },
      (_, o) => o.pages < 1 || o.prot === 0,
    ),
    refuse<State, Of<'map'>, Policies>(
      'ERANGE',
      {
        id: 'map/too-far',
        says: 'A mapping lies within the widths of both addresses, to the last page.',
        cite: TABLES,
      },
      (_, o) => o.page + o.pages > INPUT_PAGES || o.frame + o.pages > OUTPUT_FRAMES,
    ),
    refuse<State, Of<'map'>, Policies>(
      'EEXIST',
      {
        id: 'map/overlaps',
        says: 'What is mapped is not mapped over, and a refusal maps nothing.',
        cite: LINUX,
      },
      (s, o) => domainOf(s, o).runs.some(r => overlaps(r, o.page, o.pages)),
    ),
    ending<State, Of<'map'>, Policies>(
      { id: 'map/done', says: 'Exactly the pages asked for are mapped, in this domain only.', cite: LINUX },
      (s, o) => done(withDomain(s, o, { runs: joined([...domainOf(s, o).runs, o]) })),
    ),
  ],
  unmap: [
    noDomain('unmap'),
    ending<State, Of<'unmap'>, Policies>(
      {
        id: 'unmap/done',
        says: 'Exactly the pages asked for are unmapped, and how many were mapped is answered; no cache holds any of them.',
        cite: [...LINUX, ...CACHE],
      },
      (s, o) => {
        const { runs } = domainOf(s, o);
        if (!runs.some(r => overlaps(r, o.page, o.pages))) return done(s);
        return done(withDomain(s, o, { runs: runs.flatMap(r => outside(r, o.page, o.pages)) }));
      },
    ),
  ],
};

/** The law of the translator, in the form of a profile: what a device reaches is what is mapped, and nothing else. */
export const translation: Profile<State, Op, Policies, Setup> = {
  name: 'translation',
  title: 'Page tables behind an IOTLB',
  rules: {
    create: [
      refuse(
        'ENODEV',
        { id: 'create/there', says: 'A domain that is there is not made again.', cite: TABLES },
        (s, o) => domainOf(s, o).made,
      ),
      ending({ id: 'create/done', says: 'A new domain has no mapping.', cite: TABLES }, (s, o) =>
        done(withDomain(s, o, { made: true })),
      ),
    ],
    destroy: [
      noDomain('destroy'),
      ending({ id: 'destroy/done', says: 'Nothing of the domain is left anywhere.', cite: CACHE }, (s, o) =>
        done(withDomain(s, o, { made: false, runs: [] })),
      ),
    ],
    ...mapping,
    access: [
      ending(
        {
          id: 'access/reaches',
          says: 'A device reaches what is mapped for its access.',
          cite: [...TABLES, ...CACHE],
        },
        (s, o) => {
          const run = reached(s, o)!;
          return {
            outcome: { is: 'ok', paddr: BigInt(run.frame + (o.page - run.page)) * PAGE },
            state: touch(s, o),
          };
        },
        (s, o) => reached(s, o) !== undefined,
      ),
      ending(
        { id: 'access/blocked', says: 'Any other access is blocked.', cite: [...TABLES, ...CACHE] },
        (s, o) => ({
          outcome: { is: 'fault' },
          state: touch(s, o),
        }),
      ),
    ],
  },
  retired: [],
  policies: [],
  initial: setup => ({
    domains: Array.from({ length: setup.domains }, () => ({ made: false, runs: [], touched: [] })),
  }),
  always: [],
  sometimes: [],
  steps: [],
  lives: [],
  aims: { always: [], steps: [], lives: [] },
  view: s => ({
    domains: s.domains.map(({ made, runs }) => ({
      made,
      account: runs.reduce((n, r) => n + r.pages, 0),
      runs: runs as unknown as readonly View[],
    })),
    // How many table pages a mapping takes is the implementation's affair; without any there are roots only.
    tables: s.domains.some(d => d.runs.length > 0) ? null : s.domains.filter(d => d.made).length,
  }),
};
