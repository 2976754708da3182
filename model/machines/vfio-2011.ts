// How does the implementation of vfio-2011 look through the eyes of its law?
import type { Translator } from '../../impl/iotlb/translator.js';
import { INFO_MM_LOCKED, INFO_VIABLE, READABLE, SHORT, UNREADABLE } from '../../impl/vfio-2011/calls.js';
import type { Hardware } from '../../impl/vfio-2011/configuration.js';
import type { FaultPoint, Faults } from '../../impl/vfio-2011/faults.js';
import { Vfio2011 } from '../../impl/vfio-2011/machine.js';
import { DMA_FAULT, DMA_OUTSIDE } from '../../impl/vfio-2011/mapping.js';
import type { Options, Sizes } from '../../impl/vfio-2011/options.js';
import { WAITS } from '../../impl/vfio-2011/plugging.js';
import type { View, ViewValue } from '../../spec/law/profile.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { PolicyValues } from '../../spec/vfio-2011/policies.js';
import type { Op, Setup } from '../../spec/vfio-2011/state.js';
import type { Force } from '../driven.js';
import { refused } from './errnos.js';

/** The fault that makes the implementation take each ending of a `may` clause. */
export const FAULT_OF: { readonly [rule: string]: FaultPoint } = {
  'open_group/no-memory': 'context-object',
  'get_context/no-domain': 'domain',
  'get_context/attach-fails': 'attach',
  'get_device/no-domain': 'domain',
  'get_device/attach-fails': 'attach',
  'get_device/driver-refuses': 'driver-open',
  'merge/no-domain': 'domain',
  'merge/attach-fails': 'attach',
  'unmerge/no-memory': 'context-object',
  'map/pin-fails': 'page-pin',
  'map/no-memory': 'table-memory',
  'unmap/no-memory-to-split': 'split-memory',
  'hot_add/tracking-fails': 'tracking',
};

const ACCESS = { none: 0, r: 1, w: 2, rw: 3, read: 1, write: 2 } as const;
const PROTS = ['none', 'r', 'w', 'rw'] as const;
const OK: Outcome = { is: 'ok' };
/** A number that no handle ever has. */
const NEVER = Number.MAX_SAFE_INTEGER;
/**
 * Little enough that thousands of machines are made in a second. But descriptors must never run out: the law
 * knows no such limit, only names that are taken.
 */
const SMALL: Sizes = { handles: 4096, arena: 64, iotlbSets: 4 };

/** A mistake that is built into a machine: other inner steps, another class of calls, another look at the hardware. */
export interface Defect {
  readonly steps?: NonNullable<Options['steps']>;
  readonly calls?: (own: typeof Vfio2011) => typeof Vfio2011;
  readonly translator?: typeof Translator;
  readonly hardware?: (own: Hardware) => Hardware;
}

/** Faults that fire once, at the chosen step of their kind. */
class Armed implements Faults {
  private readonly left = new Map<FaultPoint, number>();

  arm(point: FaultPoint, at: number): void {
    this.left.set(point, at);
  }

  disarm(): void {
    if (this.left.size > 0) this.left.clear();
  }

  fails(point: FaultPoint, tries: number): number {
    const at = this.left.get(point);
    if (at === undefined) return -1;
    if (at < tries) this.left.delete(point);
    else this.left.set(point, at - tries);
    return at < tries ? at : -1;
  }
}

type Calls = { readonly [K in Op['op']]: (m: Machine, op: Extract<Op, { op: K }>) => Outcome };

const CALLS: Calls = {
  open_group: (m, o) => m.opens(o.as, () => m.impl.openGroup(o.group, o.mm)),
  group_info: (m, o) => infoOf(m.impl.groupInfo(m.handle(o.handle), argOf(o))),
  get_context: (m, o) => m.opens(o.as, () => m.impl.getContext(m.handle(o.handle), o.mm)),
  get_device: (m, o) => m.opens(o.as, () => m.impl.getDevice(m.handle(o.handle), o.device, o.mm, argOf(o))),
  merge: (m, o) => answer(m.impl.merge(m.handle(o.handle), m.handle(o.incoming), o.mm, argOf(o))),
  unmerge: (m, o) =>
    answer(
      o.member === null
        ? m.impl.unmerge(m.handle(o.handle), o.mm, argOf(o))
        : m.impl.unmergeMember(m.handle(o.handle), m.handle(o.member), o.mm, argOf(o)),
    ),
  close: (m, o) => answer(m.impl.close(m.handle(o.handle))),
  map: (m, o) =>
    answer(m.impl.mapBytes(m.handle(o.handle), o.mm, o.iova, o.paddr, o.size, ACCESS[o.prot], argOf(o))),
  unmap: (m, o) => answer(m.impl.unmapBytes(m.handle(o.handle), o.mm, o.iova, o.size, argOf(o))),
  dma: (m, o) => reached(m.impl.dmaBytes(o.device, o.iova, ACCESS[o.access])),
  hot_add: (m, o) => answer(m.impl.hotAdd(o.device, o.claimed)),
  bind: (m, o) => answer(m.impl.bind(o.device, o.driver === 'vfio')),
  unbind: (m, o) => waitOrAnswer(m.impl.unbind(o.device)),
  hot_remove: (m, o) => waitOrAnswer(m.impl.hotRemove(o.device)),
  delete: (m, o) => answer(m.impl.deleteDevice(o.device)),
  resume: (m, o) => waitOrAnswer(m.impl.resume(o.device)),
  tick: m => answer(m.impl.tick()),
  set_timeout: (m, o) => answer(m.impl.setTimeout(o.ticks, o.admin)),
};

/** The implementation as one more machine that a recording could have been taken on. */
export class Machine {
  readonly impl: Vfio2011;
  private readonly faults = new Armed();
  /** The recording's names. A name stays when its descriptor is closed, so that stale handles are really used. */
  private readonly names = new Map<number, number>();

  constructor(
    private readonly setup: Setup,
    policies: PolicyValues,
    sizes: Sizes = SMALL,
    defect: Defect = {},
  ) {
    const hardware: Hardware = {
      groups: setup.groups,
      devices: setup.devices.map(d => ({ group: d.group ?? -1, driver: d.driver })),
      lockLimits: setup.mms.map(mm => mm.lockLimit ?? -1),
      timeout: setup.timeout,
    };
    this.impl = new (defect.calls?.(Vfio2011) ?? Vfio2011)({
      ...SMALL,
      ...sizes,
      faults: this.faults,
      ...(defect.steps === undefined ? {} : { steps: defect.steps }),
      ...(defect.translator === undefined ? {} : { translator: defect.translator }),
      hardware: defect.hardware?.(hardware) ?? hardware,
      choices: {
        mergeIncoming: policies['merge-incoming'],
        unmergeNames: policies['unmerge-names'],
        lastContextHandle: policies['last-context-handle'],
        groupIdentity: policies['group-identity'],
        hotAddInUse: policies['hot-add-in-use'],
        failedHotAdd: policies['failed-hot-add'],
        hotRemoveInUse: policies['hot-remove-in-use'],
        groupHandleIsUse: policies['group-handle-is-use'],
      },
    });
  }

  reset(): void {
    this.impl.reset();
    this.names.clear();
  }

  step(op: Op, force?: Force): Outcome {
    if (force !== undefined) {
      const point = FAULT_OF[force.rule];
      if (point === undefined) throw new Error(`no fault makes the implementation end with ${force.rule}`);
      this.faults.arm(point, force.at);
    }
    const call = CALLS[op.op] as (m: Machine, op: Op) => Outcome;
    const outcome = call(this, op);
    this.faults.disarm();
    return outcome;
  }

  /** The implementation's handle behind a recording's name; a negative name is a negative number there too. */
  handle(name: number): number {
    return name < 0 ? name : (this.names.get(name) ?? NEVER);
  }

  /** A call that makes a descriptor. A name that is taken is a descriptor that cannot be made. */
  opens(as: number, call: () => number): Outcome {
    if (this.impl.handle(this.handle(as)) !== undefined) this.faults.arm('descriptor', 0);
    const made = call();
    if (made >= 0) this.names.set(as, made);
    return answer(made);
  }

  /** What the law calls the view, from the counters and tables that the implementation keeps. */
  view(): View {
    const { impl, setup } = this;
    const groups = setup.groups.map((_, g) => impl.group(g));
    const leader = (context: number): number => groups.findIndex(g => g.context === context);
    const handles: { [name: string]: ViewValue } = {};
    for (const [name, handle] of this.names) {
      const seen = impl.handle(handle);
      if (seen === undefined) continue;
      const target = seen.kind === 'context' ? leader(seen.target) : seen.target;
      handles[String(name)] = { kind: seen.kind, target, mm: seen.mm };
    }
    return {
      devices: setup.devices.map((_, d) => ({ ...impl.device(d) })),
      groups: groups.map(g => ({
        exists: g.exists,
        tainted: g.tainted,
        set: g.context < 0 ? null : leader(g.context),
        refs: g.refs,
      })),
      sets: groups.map((g, at) => (g.context < 0 || leader(g.context) !== at ? null : this.set(g.context))),
      handles,
      locked: setup.mms.map((_, mm) => impl.locked(mm)),
      timeout: impl.timeout,
    };
  }

  private set(context: number): View {
    const { open, mm, refs } = this.impl.context(context);
    const maps = this.impl
      .runs(context)
      .map(run => ({ page: run.page, pages: run.pages, frame: run.frame, prot: PROTS[run.prot]! }));
    return { open, mm, refs, maps };
  }
}

const argOf = (op: { readonly arg?: 'unreadable' | 'short' }): number =>
  op.arg === undefined ? READABLE : op.arg === 'short' ? SHORT : UNREADABLE;

const answer = (code: number): Outcome => (code < 0 ? refused(code) : OK);

const waitOrAnswer = (code: number): Outcome => (code === WAITS ? { is: 'waits' } : answer(code));

const infoOf = (bits: number): Outcome =>
  bits < 0
    ? refused(bits)
    : { is: 'ok', viable: (bits & INFO_VIABLE) !== 0, mmLocked: (bits & INFO_MM_LOCKED) !== 0 };

function reached(paddr: bigint): Outcome {
  if (paddr >= 0n) return { is: 'ok', paddr };
  if (paddr === BigInt(DMA_FAULT)) return { is: 'fault' };
  return paddr === BigInt(DMA_OUTSIDE) ? { is: 'outside' } : refused(Number(paddr));
}
