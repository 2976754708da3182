// What do calls on the IOMMU core cost, and do they cost the same among 10 and among 100,000 devices and domains?
import { IommuCore } from '../impl/iommu-core/machine.js';
import { coverWorld } from '../model/compare/lockstep.js';
import { walk } from '../model/compare/walk.js';
import { worldNamed } from '../model/worlds.js';
import { shuffled } from './sequences.js';
import { type Case, type Contender, printRows, type Sample, sideBySide } from './side-by-side.js';

interface Options {
  readonly rounds: number;
  readonly quick: boolean;
}

/** One core with so many devices, each alone in a group, and as many domains, each allocated for one of the groups. */
interface Crowd {
  readonly core: IommuCore;
  /** Handles of the domains, by group. */
  readonly domains: readonly number[];
  /** Groups in the order in which they are called: few of them again and again, and all in turn. */
  readonly few: readonly number[];
  readonly all: readonly number[];
  /** Numbers that were handed out. */
  readonly numbers: number;
}

interface CoreCase extends Case {
  /** Calls of one turn, and how many they are; answers a sum of what was answered. */
  readonly calls: number;
  turn(crowd: Crowd, group: number): number;
  readonly order: 'few' | 'all';
}

const FEW = 10;
const PASIDS = 2 ** 20;

function crowdOf(devices: number): Crowd {
  const core = new IommuCore({
    hardware: {
      instances: [
        {
          driver: 'vt-d',
          blocked: true,
          identity: true,
          sizes: 1,
          limit: 2 ** 27,
          coherent: true,
          enforces: true,
          dirty: false,
          msi: true,
          pasids: PASIDS,
          aux: false,
        },
      ],
      groups: devices,
      devices: Array.from({ length: devices }, (_, group) => ({
        bus: 0,
        instance: 0,
        group,
        pasids: PASIDS,
        direct: false,
        deferred: false,
        wants: 'any' as const,
        parent: -1,
      })),
      defaultType: 'dma',
      spaces: 0,
    },
  });
  const domains: number[] = [];
  for (let at = 0; at < devices; at++) {
    core.probe(at);
    core.claimGroup(at, 1);
    domains.push(core.allocForGroup(at));
    core.attachGroup(at, domains[at]);
    core.allocPasid(at);
  }
  const order = [...shuffled(devices)];
  return { core, domains, all: order, few: order.slice(0, FEW), numbers: devices };
}

const next = ({ domains }: Crowd, at: number): number => domains[(at + 1) % domains.length];

const TURNS: readonly (Omit<CoreCase, 'order' | 'name'> & { readonly says: string })[] = [
  {
    says: 'detach, attach',
    calls: 2,
    turn: ({ core, domains }, at) => core.detachGroup(at) + core.attachGroup(at, domains[at]),
  },
  {
    says: 'replace, and back',
    calls: 2,
    turn: (c, at) => c.core.replaceGroup(at, next(c, at)) + c.core.replaceGroup(at, c.domains[at]),
  },
  {
    says: 'PASID attach, detach',
    calls: 2,
    turn: (c, at) => c.core.attachPasid(at, next(c, at), 1, 7) + c.core.detachPasid(at, 1),
  },
  {
    says: 'PASID lowest and highest given back, two taken',
    calls: 4,
    turn: ({ core, numbers }, at) =>
      core.freePasid(at, 1) +
      core.freePasid(at, numbers) +
      core.allocPasid(at) -
      core.allocPasid(at) +
      numbers,
  },
  {
    says: 'domain allocated, freed',
    calls: 2,
    turn: ({ core }, at) => core.freeDomain(core.allocForGroup(at)),
  },
  {
    says: 'device removed, probed, claimed, attached',
    calls: 4,
    turn: ({ core, domains }, at) => {
      const left = core.releaseGroup(at) + core.remove(at);
      return left + core.probe(at) + core.claimGroup(at, 1) + core.attachGroup(at, domains[at]);
    },
  },
];

/** So many turns, each on the next group of the order; the check is the sum of all answers. */
function measure(crowd: Crowd, which: CoreCase, turns: number): Sample {
  const order = crowd[which.order];
  let sum = 0;
  let at = 0;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < turns; i++) {
    sum += which.turn(crowd, order[at]);
    if (++at === order.length) at = 0;
  }
  const ns = Number(process.hrtime.bigint() - begin) / (turns * which.calls);
  return { ns, check: String(sum) };
}

async function growth(print: (line: string) => void, { rounds, quick }: Options): Promise<void> {
  const most = quick ? 10_000 : 100_000;
  const turns = quick ? 5_000 : 50_000;
  const crowds = [most, FEW].map(devices => ({ devices, crowd: crowdOf(devices) }));
  const contenders: Contender<CoreCase>[] = crowds.map(({ devices, crowd }) => ({
    name: `${devices}`,
    measure: which => measure(crowd, which, turns),
  }));
  const cases = (['few', 'all'] as const).flatMap(order =>
    TURNS.map(({ says, calls, turn }): CoreCase => {
      const name = order === 'few' ? `${says}: ${FEW} devices among so many` : `${says}: all in turn`;
      return { name, calls, turn, order, goal: order === 'few' ? 'near 1' : 'caches' };
    }),
  );
  const rows = await sideBySide(cases, contenders, rounds);
  printRows(
    print,
    contenders.map(c => c.name),
    rows,
  );
  print('');
  for (const row of rows) {
    const [many, few] = row.ns.map(ns => Math.round(1e9 / ns).toLocaleString('en'));
    print(`${row.name}: ${many} calls a second, among ${FEW}: ${few}; growth ${row.ratios[0].toFixed(2)}`);
  }
}

/** Answers and views compared per second: along random ways, and along each transition of a world. */
function lockstep(print: (line: string) => void, { quick }: Options): void {
  const timed = (says: string, compare: () => number): void => {
    const begin = process.hrtime.bigint();
    const compared = compare();
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    const rate = Math.round(compared / seconds).toLocaleString('en');
    print(`${says}: ${rate} comparisons of answer and whole state a second (${compared} in all)`);
  };
  print('');
  for (const name of ['two-bridges', 'handles', 'resets']) {
    const world = worldNamed(name)!;
    timed(`random walks of ${name}`, () => walk(world, { seed: 1, runs: quick ? 20 : 200, ops: 200 }).steps);
  }
  timed('every transition of resets', () => coverWorld(worldNamed('resets')!).transitions);
}

export async function run(print: (line: string) => void, options: Options): Promise<void> {
  await growth(print, options);
  lockstep(print, options);
}
