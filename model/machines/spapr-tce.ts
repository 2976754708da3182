// How does the implementation of spapr-tce look through the eyes of its law?
import { bytesOf } from '../../impl/spapr-tce/addresses.js';
import { FLAGS, READABLE, SHORT, UNREADABLE } from '../../impl/spapr-tce/calls.js';
import type { Choices, Hardware } from '../../impl/spapr-tce/configuration.js';
import type { Info } from '../../impl/spapr-tce/containers.js';
import { DMA_FAULT } from '../../impl/spapr-tce/dma.js';
import type { FaultPoint, Faults } from '../../impl/spapr-tce/faults.js';
import { H_FUNCTION, H_P4, H_PARAMETER, H_SUCCESS, H_TOO_HARD } from '../../impl/spapr-tce/hypercalls.js';
import { SpaprTce } from '../../impl/spapr-tce/machine.js';
import type { HwTable } from '../../impl/spapr-tce/objects.js';
import type { Options } from '../../impl/spapr-tce/options.js';
import { type Query, RTAS_HW_ERROR, RTAS_PARAM_ERROR } from '../../impl/spapr-tce/rtas.js';
import type { View, ViewValue } from '../../spec/law/profile.js';
import type { Errno } from '../../spec/protocol/errno.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { PolicyValues } from '../../spec/spapr-tce/policies.js';
import type { Op, Setup } from '../../spec/spapr-tce/state.js';
import type { Force } from '../driven.js';
import { refused } from './errnos.js';

/** A pending default window is made by any of these calls, and that may fail. */
const defaultWindowFaults = (op: string): readonly [string, FaultPoint][] => [
  [`${op}/default-window-no-memory`, 'table-memory'],
  [`${op}/default-window-no-record`, 'table-memory'],
  [`${op}/default-window-set-fails`, 'program-window'],
  [`${op}/default-window-hardware-fails`, 'program-window-hardware'],
];

/** The step that fails, or does not have to be as it is, behind each `may` clause. */
export const FAULT_OF: { readonly [rule: string]: FaultPoint } = {
  'open/no-memory': 'container-object',
  'attach/no-memory': 'group-record',
  'attach/set-fails': 'set-window',
  'attach/hardware-fails': 'set-window-hardware',
  'register/no-memory': 'region-object',
  'create_window/no-memory': 'table-memory',
  'create_window/set-fails': 'program-window',
  'create_window/hardware-fails': 'program-window-hardware',
  'create_window/firmware-fails': 'firmware-window',
  ...Object.fromEntries(['create_window', 'map', 'unmap'].flatMap(defaultWindowFaults)),
  'map/no-memory': 'level-memory',
  'kvm_create/no-memory': 'kvm-table',
  'kvm_attach/no-memory': 'kvm-link',
  'ddw_create/shift-wraps': 'shift-modulo',
  'ddw_create/shift-undefined': 'shift-undefined',
  'dma/not-told': 'tce-cache',
};

const PROTS = ['none', 'r', 'w', 'rw'] as const;
const PROT = { none: 0, r: 1, w: 2, rw: 3, read: 1, write: 2 } as const;
const VERSION = { v1: 1, v2: 2, other: 0 } as const;
const ARG = { unreadable: UNREADABLE, short: SHORT, flags: FLAGS } as const;
/** Enough for the worlds' tables, and little enough that thousands of machines are made in a second. */
const TABLE_MEMORY = 2 ** 26;

const OK: Outcome = { is: 'ok' };
const hex = (value: bigint): string => `0x${value.toString(16)}`;

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

const CODES: ReadonlyMap<number, Errno> = new Map([
  [H_FUNCTION, 'H_FUNCTION'],
  [H_PARAMETER, 'H_PARAMETER'],
  [H_P4, 'H_P4'],
  [H_TOO_HARD, 'H_TOO_HARD'],
]);
const STATUSES: ReadonlyMap<number, Errno> = new Map([
  [RTAS_HW_ERROR, 'RTAS_HW_ERROR'],
  [RTAS_PARAM_ERROR, 'RTAS_PARAM_ERROR'],
]);

function coded(codes: ReadonlyMap<number, Errno>, code: number): Outcome {
  if (code === H_SUCCESS) return OK;
  const errno = codes.get(code);
  if (errno === undefined)
    throw new Error(`the implementation answered ${code}, which is no code of this call`);
  return { is: 'refused', errno };
}

const done = (code: number): Outcome => (code < 0 ? refused(code) : OK);
const hcall = (code: number): Outcome => coded(CODES, code);
const rtas = (code: number): Outcome => coded(STATUSES, code);

function reached(paddr: bigint): Outcome {
  if (paddr >= 0n) return { is: 'ok', paddr };
  return paddr === DMA_FAULT ? { is: 'fault' } : refused(Number(paddr));
}

function told(info: Info | number): Outcome {
  if (typeof info === 'number') return refused(info);
  const window = { start: bytesOf(info.start), size: bytesOf(info.pages) };
  return { is: 'ok', ...window, ...(info.dynamic ?? {}) };
}

function queried(query: Query | number): Outcome {
  if (typeof query === 'number') return rtas(query);
  const { windows, largest, pageSizes } = query;
  return { is: 'ok', windows, largest: BigInt(largest), pageSizes: BigInt(pageSizes) };
}

const arg = (o: { readonly arg?: keyof typeof ARG }): number => (o.arg === undefined ? READABLE : ARG[o.arg]);
const wrong = (o: { readonly args?: 'wrong' }): boolean => o.args !== undefined;

type Calls = { readonly [K in Op['op']]: (m: SpaprTce, op: Extract<Op, { op: K }>) => Outcome };

/** Each operation as a call of the implementation. */
const CALLS: Calls = {
  probe: (m, o) => done(m.probe(o.device)),
  remove: (m, o) => done(m.remove(o.device)),
  capable: (m, o) => {
    const answer = m.capable(o.device);
    return answer < 0 ? refused(answer) : { is: 'ok', coherent: answer === 1 };
  },
  bind: (m, o) => done(m.bind(o.device)),
  kernel_map: (m, o) => done(m.kernelMap(o.group, o.iova, o.paddr, o.size, PROT[o.prot])),
  kernel_unmap: (m, o) => done(m.kernelUnmap(o.group, o.iova, o.size)),
  claim: (m, o) => done(m.claim(o.group)),
  release: (m, o) => done(m.release(o.group)),
  open: (m, o) => done(m.open(o.as, VERSION[o.type])),
  close: (m, o) => done(m.close(o.container)),
  attach: (m, o) => done(m.attach(o.container, o.group)),
  detach: (m, o) => done(m.detach(o.container, o.group)),
  enable: (m, o) => done(m.enable(o.container, o.mm)),
  disable: (m, o) => done(m.disable(o.container, o.mm)),
  info: (m, o) => told(m.info(o.container, o.mm, arg(o))),
  register: (m, o) => done(m.register(o.container, o.mm, o.ua, o.size, arg(o))),
  unregister: (m, o) => done(m.unregister(o.container, o.mm, o.ua, o.size, arg(o))),
  create_window: (m, o) => {
    const made = m.createWindow(o.container, o.mm, o.shift, o.size, o.levels, arg(o));
    return typeof made === 'number' ? refused(made) : { is: 'ok', start: bytesOf(made.start) };
  },
  remove_window: (m, o) => done(m.removeWindow(o.container, o.mm, o.start, arg(o))),
  map: (m, o) => done(m.map(o.container, o.mm, o.iova, o.ua, o.size, PROT[o.prot], arg(o))),
  unmap: (m, o) => done(m.unmap(o.container, o.mm, o.iova, o.size, arg(o))),
  kvm_create: (m, o) => done(m.kvmCreate(o.liobn, o.shift, o.offset, o.size)),
  kvm_close: (m, o) => done(m.kvmClose(o.liobn)),
  kvm_attach: (m, o) => done(m.kvmAttach(o.liobn, o.group)),
  kvm_release: (m, o) => done(m.kvmRelease(o.group)),
  h_put_tce: (m, o) => hcall(m.hPutTce(o.liobn, o.ioba, o.tce)),
  h_put_tce_indirect: (m, o) => hcall(m.hPutTceIndirect(o.liobn, o.ioba, o.list, o.count, o.tces)),
  h_stuff_tce: (m, o) => hcall(m.hStuffTce(o.liobn, o.ioba, o.tce, o.count)),
  h_get_tce: (m, o) => {
    const tce = m.hGetTce(o.liobn, o.ioba);
    return typeof tce === 'bigint' ? { is: 'ok', tce } : hcall(tce);
  },
  ddw_query: (m, o) => queried(m.ddwQuery(o.buid, o.outputs, wrong(o))),
  ddw_create: (m, o) => {
    const made = m.ddwCreate(o.buid, o.shift, o.window, wrong(o));
    if (typeof made === 'number') return rtas(made);
    return { is: 'ok', liobn: made.liobn, start: BigInt(made.offset) << BigInt(made.shift) };
  },
  ddw_remove: (m, o) => rtas(m.ddwRemove(o.liobn, wrong(o))),
  ddw_reset: (m, o) => rtas(m.ddwReset(o.buid, wrong(o))),
  dma: (m, o) => reached(m.dma(o.device, o.iova, PROT[o.access])),
  guest_dma: (m, o) => reached(m.guestDma(o.liobn, o.ioba, PROT[o.access])),
};

function hardwareOf(setup: Setup): Hardware {
  const { guest, devices, mms, ...same } = setup;
  return {
    ...same,
    devices: devices.map(d => ({ bridge: d.bridge ?? -1, group: d.group ?? -1, present: d.present })),
    lockLimits: mms.map(mm => mm.lockLimit ?? -1),
    ...(guest === null ? {} : { guest }),
  };
}

const choicesOf = (policies: PolicyValues): Choices => ({
  operations: policies.release !== 'linux-6.1',
  dialect: policies.dialect,
  blockingAttach: policies['blocking-attach'],
  takeEmpties: policies['take-empties'],
  domainIs: policies['domain-is'],
  deviceGroupReference: policies['device-group-reference'],
  detachClears: policies['detach-clears'],
  unregisterMapped: policies['unregister-mapped'],
  regionOfClosed: policies['region-of-closed-container'],
  mapFailure: policies['map-failure'],
  rangeCheck: policies['range-check'],
  invalidation: policies.invalidation,
  indirectNoPermission: policies['indirect-no-permission'],
  defaultWindow: policies['default-window'],
});

/** A mistake that is built into a machine: other inner steps, another class of calls. */
export interface Defect {
  readonly steps?: NonNullable<Options['steps']>;
  readonly calls?: (own: typeof SpaprTce) => typeof SpaprTce;
}

/** The implementation as one more machine that a recording could have been taken on. */
export class Machine {
  readonly impl: SpaprTce;
  private readonly faults = new Armed();

  constructor(
    private readonly setup: Setup,
    policies: PolicyValues,
    tableMemory = TABLE_MEMORY,
    defect: Defect = {},
  ) {
    const options = { hardware: hardwareOf(setup), choices: choicesOf(policies), tableMemory };
    const steps = defect.steps === undefined ? {} : { steps: defect.steps };
    this.impl = new (defect.calls?.(SpaprTce) ?? SpaprTce)({ ...options, ...steps, faults: this.faults });
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
    const call = CALLS[op.op] as (m: SpaprTce, op: Op) => Outcome;
    const outcome = call(this.impl, op);
    this.faults.disarm();
    return outcome;
  }

  /** What the law calls the view, from the counters and tables that the implementation keeps. */
  view(): View {
    const { impl, setup } = this;
    return {
      devices: setup.devices.map((_, d) => impl.device(d)),
      groups: impl.groups.map(g => ({
        exists: g.exists,
        domain: g.blocked ? 'blocked' : 'platform',
        container: g.container?.name ?? null,
        bypass: g.bypass,
        windows: g.windows.map(table => this.table(table)),
      })),
      containers: this.containers(),
      regions: [...impl.regions]
        .sort((a, b) => a.mm - b.mm || a.ua - b.ua)
        .map(({ mm, ua, pages, shift, used, mapped }) => ({ mm, ua, pages, shift, used, mapped })),
      locked: setup.mms.map((_, mm) => impl.locked(mm)),
      guestWindows: this.guestWindows(),
    };
  }

  private table(table: HwTable | null): ViewValue {
    if (table === null) return null;
    const { start, shift, size, refs, runs } = this.impl.table(table);
    const tces = runs.map(({ prot, ...run }) => ({ ...run, prot: PROTS[prot]! }));
    return { start: hex(bytesOf(start)), shift, size, refs, tces };
  }

  private containers(): View {
    const seen: { [name: string]: ViewValue } = {};
    for (const { name, version, enabled, pending, mm, windows } of this.impl.containers.values()) {
      const tables = windows.map(table => this.table(table));
      seen[String(name)] = { version, enabled, pending, mm, windows: tables };
    }
    return seen;
  }

  private guestWindows(): View {
    const seen: { [liobn: string]: ViewValue } = {};
    for (const { liobn, start, shift, size, tables, values } of this.impl.guestWindows) {
      const tces = values.map(({ tce, ...run }) => ({ ...run, tce: hex(tce) }));
      seen[hex(liobn)] = { start: hex(bytesOf(start)), shift, size, tables, tces };
    }
    return seen;
  }
}
