// How does the implementation of vfio-type1 look through the eyes of its law?
import type { Hardware, Kernel } from '../../impl/vfio-type1/configuration.js';
import { FAULT, OUTSIDE, WAITS } from '../../impl/vfio-type1/drivers.js';
import type { Reached } from '../../impl/vfio-type1/emulated.js';
import type { FaultPoint, Faults } from '../../impl/vfio-type1/faults.js';
import { READABLE, SHORT, UNREADABLE, UNWRITABLE } from '../../impl/vfio-type1/files.js';
import { FOREIGN, STATUS_SET, STATUS_VIABLE } from '../../impl/vfio-type1/groups.js';
import { VfioType1 } from '../../impl/vfio-type1/machine.js';
import { type Bitmap, UNKNOWN, VADDR } from '../../impl/vfio-type1/mapping.js';
import type { Container, Dma, Domain, Group } from '../../impl/vfio-type1/objects.js';
import type { Options } from '../../impl/vfio-type1/options.js';
import type { View, ViewValue } from '../../spec/law/profile.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import { initial } from '../../spec/vfio-type1/initial.js';
import type { Choice, Op, Setup } from '../../spec/vfio-type1/state.js';
import type { Force } from '../driven.js';
import { refused } from './errnos.js';

/** The step that fails behind each `may` clause. */
export const FAULT_OF: { readonly [rule: string]: FaultPoint } = {
  'open_container/no-memory': 'container-object',
  'set_container/no-memory': 'domain-memory',
  'set_container/no-domain': 'domain',
  'set_container/attach-fails': 'attach',
  'set_container/caller-over-limit': 'caller-limit',
  'set_iommu/no-memory': 'domain-memory',
  'set_iommu/no-domain': 'domain',
  'set_iommu/attach-fails': 'attach',
  'get_device/driver-refuses': 'driver-open',
  'map/no-memory': 'map-memory',
  'dirty_pages/no-memory': 'bitmap-memory',
  'bind/no-memory': 'group-object',
  'pin/no-memory': 'pfn-memory',
};

const PROTS = ['none', 'r', 'w', 'rw'] as const;
const PROT = { none: 0, r: 1, w: 2, rw: 3, read: 1, write: 2 } as const;
const ARG = { unreadable: UNREADABLE, short: SHORT, unwritable: UNWRITABLE } as const;
const PAGE = 4096n;
const OK: Outcome = { is: 'ok' };

/** Faults that fire once, at the chosen step of their kind. */
class Armed implements Faults {
  private point: FaultPoint | null = null;
  private left = 0;

  arm(point: FaultPoint, at: number): void {
    this.point = point;
    this.left = at;
  }

  disarm(): void {
    this.point = null;
  }

  fails(point: FaultPoint, tries: number): number {
    if (point !== this.point) return -1;
    const at = this.left;
    if (at < tries) this.point = null;
    else this.left -= tries;
    return at < tries ? at : -1;
  }
}

const done = (code: number): Outcome => (code < 0 ? refused(code) : OK);
const waitOrDone = (code: number): Outcome => (code === WAITS ? { is: 'waits' } : done(code));
const argOf = (o: { readonly arg?: keyof typeof ARG }): number =>
  o.arg === undefined ? READABLE : ARG[o.arg];

function reached(found: Reached | number, iova: bigint): Outcome {
  if (typeof found !== 'number')
    return { is: 'ok', mm: found.mm, vaddr: BigInt(found.vaddr) * PAGE + (iova % PAGE) };
  if (found === FAULT) return { is: 'fault' };
  return found === OUTSIDE ? { is: 'outside' } : refused(found);
}

type BitmapAsked = NonNullable<Extract<Op, { op: 'unmap' }>['bitmap']>;
const bitmapOf = (b: BitmapAsked | undefined): Bitmap | null =>
  b === undefined ? null : { size: b.size, pgsize: b.pgsize, arg: b.arg ?? 'fine' };

function mapped(m: VfioType1, o: Extract<Op, { op: 'map' }>): Outcome {
  const { iova, vaddr, size, mm } = o;
  const flags = PROT[o.prot] | (o.renew ? VADDR : 0) | (o.unknown ? UNKNOWN : 0);
  return done(m.map(o.handle, { iova, vaddr, size, flags, mm, arg: argOf(o) }));
}

function unmapped(m: VfioType1, o: Extract<Op, { op: 'unmap' }>): Outcome {
  const bitmap = bitmapOf(o.bitmap);
  const flags = { all: o.all === true, invalidate: o.invalidate === true, unknown: o.unknown === true };
  const found = m.unmap(o.handle, { iova: o.iova, size: o.size, ...flags, bitmap, arg: argOf(o) });
  if (typeof found === 'number') return refused(found);
  const answer = { is: 'ok', unmapped: BigInt(found.pages) * PAGE } as const;
  return bitmap === null ? answer : { ...answer, dirty: found.dirty };
}

function reported(m: VfioType1, o: Extract<Op, { op: 'dirty_pages' }>): Outcome {
  const request = { what: o.what, iova: o.iova ?? 0n, size: o.size ?? 0n, bitmap: bitmapOf(o.bitmap) };
  const code = m.dirtyPages(o.handle, { ...request, arg: argOf(o) });
  return code >= 0 && o.what === 'get' ? { is: 'ok', dirty: code } : done(code);
}

function told(m: VfioType1, o: Extract<Op, { op: 'iommu_info' }>): Outcome {
  const info = m.info(o.handle, o.argsz, argOf(o));
  if (typeof info === 'number') return refused(info);
  const { pageSizes, argsz, caps } = info;
  return { is: 'ok', pageSizes, argsz, ...caps };
}

type Calls = { readonly [K in Op['op']]: (m: VfioType1, op: Extract<Op, { op: K }>) => Outcome };

/** Each operation as a call of the implementation. */
const CALLS: Calls = {
  open_container: (m, o) => done(m.openContainer(o.as)),
  open_group: (m, o) => done(m.openGroup(o.group, o.as, o.mm)),
  dup: (m, o) => done(m.dup(o.handle, o.as)),
  close: (m, o) => done(m.close(o.handle)),
  group_status: (m, o) => {
    const bits = m.status(o.handle, argOf(o));
    if (bits < 0) return refused(bits);
    return { is: 'ok', viable: (bits & STATUS_VIABLE) !== 0, attached: (bits & STATUS_SET) !== 0 };
  },
  set_container: (m, o) => done(m.setContainer(o.handle, o.container ?? FOREIGN, o.mm, argOf(o))),
  unset_container: (m, o) => done(m.unsetContainer(o.handle)),
  get_device: (m, o) => done(m.getDevice(o.handle, o.device, o.as, o.mm, argOf(o))),
  check_extension: (m, o) => {
    const yes = m.checkExtension(o.handle, o.extension);
    return yes < 0 ? refused(yes) : { is: 'ok', yes: yes === 1 };
  },
  set_iommu: (m, o) => done(m.setIommu(o.handle, o.type, o.mm)),
  iommu_info: told,
  map: mapped,
  unmap: unmapped,
  dirty_pages: reported,
  device_reset: (m, o) => done(m.resetDevice(o.handle)),
  bind: (m, o) => done(m.bind(o.device, o.driver)),
  unbind: (m, o) => waitOrDone(m.unbind(o.device)),
  hot_add: (m, o) => done(m.hotAdd(o.device)),
  hot_remove: (m, o) => waitOrDone(m.hotRemove(o.device)),
  resume: (m, o) => waitOrDone(m.resume(o.device)),
  pin: (m, o) => done(m.pin(o.device, o.iova, o.pages, PROT[o.prot])),
  unpin: (m, o) => done(m.unpin(o.device, o.iova, o.pages)),
  rw: (m, o) => reached(m.rw(o.device, o.iova, o.access === 'write', o.mm ?? -1), o.iova),
  dma: (m, o) => reached(m.dma(o.device, o.iova, PROT[o.access]), o.iova),
};

/** The hardware in pages, as the law's start has it too: only constants are taken from there. */
function hardwareOf(setup: Setup, policies: Choice): Hardware {
  const { units, groups, reserved, mms, memory } = initial(setup, policies, false);
  return {
    units,
    groups: groups.map((g, at) => ({
      kind: g.kind,
      unit: g.unit,
      reserved: reserved.filter(r => r.group === at).map(({ start, end }) => ({ start, end })),
    })),
    devices: setup.devices.map(d => ({
      group: d.group,
      driver: d.driver,
      isolatedMsi: d.isolatedMsi ?? true,
      direct: d.direct ?? false,
      reset: d.reset ?? true,
    })),
    processes: mms.map((m, mm) => ({ ...m, memory: memory.filter(run => run.mm === mm) })),
  };
}

function kernelOf(setup: Setup, { release }: Choice): Partial<Kernel> {
  const { dmaLimit, unsafeInterrupts, noiommu } = setup;
  return {
    release: release.replace('linux-', '') as Kernel['release'],
    ...(dmaLimit === undefined ? {} : { dmaLimit }),
    ...(unsafeInterrupts === undefined ? {} : { unsafeInterrupts }),
    ...(noiommu === undefined ? {} : { noiommu }),
  };
}

/** A mistake that is built into a machine: other inner steps, another class of calls. */
export interface Defect {
  readonly steps?: NonNullable<Options['steps']>;
  readonly calls?: (own: typeof VfioType1) => typeof VfioType1;
}

/** The implementation as one more machine that a recording could have been taken on. */
export class Machine {
  readonly impl: VfioType1;
  private readonly faults = new Armed();

  constructor(
    private readonly setup: Setup,
    policies: Choice,
    defect: Defect = {},
  ) {
    const options = { hardware: hardwareOf(setup, policies), kernel: kernelOf(setup, policies) };
    const steps = defect.steps === undefined ? {} : { steps: defect.steps };
    this.impl = new (defect.calls?.(VfioType1) ?? VfioType1)({ ...options, ...steps, faults: this.faults });
  }

  reset(): void {
    this.impl.reset();
  }

  step(op: Op, force?: Force): Outcome {
    if (force !== undefined) {
      const point = FAULT_OF[force.rule];
      if (point === undefined) throw new Error(`no fault makes the implementation end with ${force.rule}`);
      this.faults.arm(point, force.at);
    }
    const call = CALLS[op.op] as (m: VfioType1, op: Op) => Outcome;
    const outcome = call(this.impl, op);
    this.faults.disarm();
    return outcome;
  }

  /** What the law calls the view, from the counters and tables that the implementation keeps. */
  view(): View {
    const { core } = this.impl;
    const of = this.groupsIn();
    const leader = (c: Container): number => of.findIndex(g => g?.container === c);
    return {
      devices: core.devices.map(d => ({
        driver: d.driver,
        leaving: d.leaving,
        open: d.opens > 0,
        pins: [...d.pins].sort(([a], [b]) => a - b).map(([page, count]) => ({ page, count })),
      })),
      groups: core.iommuGroups.map((g, at) => {
        const container = of[at]?.container ?? null;
        const domain = container?.domains.find(d => d.groups.includes(g)) ?? null;
        return {
          container: container === null ? null : leader(container),
          users: of[at]?.users ?? 0,
          inUse: core.devices.some(d => d.group === of[at] && d.group !== null && d.opens > 0),
          domain: domain?.unit ?? -1,
          translations: domain === null ? null : translations(domain),
        };
      }),
      containers: of.map((g, at) =>
        g?.container && leader(g.container) === at ? containerSeen(g.container) : null,
      ),
      handles: this.handles(leader),
      locked: [...core.locked],
    };
  }

  private groupsIn(): readonly (Group | null)[] {
    return this.setup.groups.map((_, at) => this.impl.core.groups[at] ?? null);
  }

  private handles(leader: (c: Container) => number): View {
    const seen: { [name: string]: ViewValue } = {};
    for (const [name, { kind, container, group, device }] of this.impl.core.files) {
      const target = container === null ? (group?.name ?? device!.name) : leader(container);
      seen[String(name)] = { kind: group?.iommu === null ? 'revoked' : kind, target };
    }
    return seen;
  }
}

const translations = ({ table }: Domain): readonly ViewValue[] =>
  [...table.values()]
    .sort((a, b) => a.page - b.page)
    .map(({ page, pages, mm, vaddr, prot }) => ({ page, pages, mm, vaddr, prot: PROTS[prot]! }));

/** Dirty pages as a report would count them, without the report. */
function dirtyOf(container: Container, { marks, mapped, pages }: Dma): number {
  if (marks === null) return 0;
  return marks.all || (container.domains.length > 0 && mapped) ? pages : marks.pages.size;
}

function containerSeen(c: Container): View {
  const { backend, tracking, avail, pageSizes, ranges, dmas } = c;
  if (backend === 'none' || backend === 'no-iommu') return { backend };
  return {
    backend,
    tracking,
    avail,
    pageSizes: `0x${pageSizes.toString(16)}`,
    ranges: ranges.map(r => ({ first: r.start, last: r.end })),
    maps: dmas.map(d => {
      const { page, pages, vaddr, prot, mm, invalid } = d;
      return { page, pages, vaddr, prot: PROTS[prot]!, mm, invalid, dirty: dirtyOf(c, d) };
    }),
  };
}
