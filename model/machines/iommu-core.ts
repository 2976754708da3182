// How does the implementation of iommu-core look through the eyes of its law?
import { ENOMEM } from '../../impl/errno.js';
import { A_BOND, NULL_DOMAIN, STATIC_BLOCKED, STATIC_IDENTITY } from '../../impl/iommu-core/attach.js';
import { type ConcurrentCalls, ConcurrentCore, type Pause } from '../../impl/iommu-core/concurrent.js';
import type { Hardware } from '../../impl/iommu-core/configuration.js';
import { COMPLAINT, WARNED } from '../../impl/iommu-core/core.js';
import type { Locking } from '../../impl/iommu-core/locks.js';
import { IommuCore } from '../../impl/iommu-core/machine.js';
import { BOND } from '../../impl/iommu-core/objects.js';
import type { Options } from '../../impl/iommu-core/options.js';
import type { Pointer } from '../../impl/iommu-core/snapshot.js';
import { DMA_FAULT, DMA_OUTSIDE } from '../../impl/iommu-core/translation.js';
import type { PolicyValues } from '../../spec/iommu-core/policies.js';
import type { Op, Setup } from '../../spec/iommu-core/state.js';
import type { View, ViewValue } from '../../spec/law/profile.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Force } from '../driven.js';
import { refused } from './errnos.js';
import { Names } from './handle-names.js';
import { type About, Armed, aboutOf, FAULTS_OF, KERNELS, type Plan } from './iommu-core-faults.js';

type Raw = number | bigint;
type Named<K extends Op['op']> = Extract<Op, { op: K }>;
type Calls = { readonly [K in Op['op']]: (core: IommuCore, m: Machine, op: Named<K>) => Raw };

const TAKEN: Outcome = { is: 'refused', errno: 'EEXIST' };

const orNone = (n: number | null): number => n ?? -1;

/** Each operation as a call of the implementation. */
const CALLS: Calls = {
  probe: (c, _, o) => c.probe(o.device, o.queued === true),
  remove: (c, _, o) => c.remove(o.device),
  setup_default: (c, _, o) => c.setupDefault(o.group),
  group_get: (c, _, o) => c.getGroup(o.device),
  group_put: (c, m, o) => c.putGroup(m.references.of(o.ref)),
  store_type: (c, _, o) => c.storeType(o.group, o.type, o.privileged),
  bind: (c, _, o) => c.bind(o.device, o.managed),
  unbind: (c, _, o) => c.unbind(o.device),
  claim_group: (c, _, o) => c.claimGroup(o.group, orNone(o.owner)),
  release_group: (c, _, o) => c.releaseGroup(o.group),
  claim_device: (c, _, o) => c.claimDevice(o.device, orNone(o.owner)),
  release_device: (c, _, o) => c.releaseDevice(o.device),
  owner_claimed: (c, _, o) => c.isClaimed(o.group),
  alloc_by_device: (c, _, o) => c.allocForDevice(o.device),
  alloc_by_group: (c, _, o) => c.allocForGroup(o.group),
  alloc_by_bus: (c, _, o) => c.allocForBus(o.bus),
  free_domain: (c, m, o) => c.freeDomain(m.domain(o.domain)),
  attach_device: (c, m, o) => c.attachDevice(o.device, m.domain(o.domain)),
  detach_device: (c, m, o) => c.detachDevice(o.device, m.domain(o.domain)),
  attach_group: (c, m, o) => c.attachGroup(o.group, m.domain(o.domain)),
  detach_group: (c, _, o) => c.detachGroup(o.group),
  replace_group: (c, m, o) => c.replaceGroup(o.group, m.domain(o.domain)),
  attach_handle: (c, m, o) => c.attachHandle(o.group, m.domain(o.domain), orNone(o.handle)),
  detach_handle: (c, _, o) => c.detachHandle(o.group),
  replace_handle: (c, m, o) => c.replaceHandle(o.group, m.domain(o.domain), orNone(o.handle)),
  handle_get: (c, _, o) => c.getHandle(o.group, o.pasid, o.kind ?? 'any'),
  deferred_attach: (c, _, o) => c.attachDeferred(o.device),
  reset_prepare: (c, _, o) => c.prepareReset(o.device),
  reset_done: (c, _, o) => c.finishReset(o.device),
  settle: (c, _, o) => c.settle(o.device),
  pasid_alloc: (c, _, o) => c.allocPasid(o.device),
  pasid_free: (c, _, o) => c.freePasid(o.device, o.pasid),
  attach_pasid: (c, m, o) => c.attachPasid(o.device, m.domain(o.domain), o.pasid, orNone(o.handle)),
  replace_pasid: (c, m, o) => c.replacePasid(o.device, m.domain(o.domain), o.pasid, orNone(o.handle)),
  detach_pasid: (c, _, o) => c.detachPasid(o.device, o.pasid),
  sva_bind: (c, _, o) => c.bindSpace(o.device, o.mm),
  sva_unbind: (c, _, o) => c.unbindSpace(o.device, o.mm),
  mm_exit: (c, _, o) => c.endSpace(o.mm),
  aux_enable: (c, _, o) => c.enableAux(o.device),
  aux_disable: (c, _, o) => c.disableAux(o.device),
  aux_attach: (c, m, o) => c.attachAux(o.device, m.domain(o.domain), orNone(o.mdev)),
  aux_detach: (c, m, o) => c.detachAux(o.device, m.domain(o.domain), orNone(o.mdev)),
  aux_pasid: (c, m, o) => c.auxPasid(o.device, m.domain(o.domain)),
  aux_lookup: (c, _, o) => c.lookupAux(o.device),
  map: (c, m, o) => c.mapBytes(m.domain(o.domain), o.iova, o.paddr, o.size),
  unmap: (c, m, o) => c.unmapBytes(m.domain(o.domain), o.iova, o.size),
  iova_to_phys: (c, m, o) => c.toPhysical(m.domain(o.domain), o.iova),
  dma: (c, _, o) => c.dmaBytes(o.device, orNone(o.pasid), o.iova),
  capable: (c, m, o) => c.capable(o.of, o.of === 'domain' ? m.domain(o.at) : o.at, o.what),
};

type Answer = (raw: Raw, m: Machine) => Outcome;
const yes: Answer = raw => ({ is: 'ok', yes: raw === 1 });
const numbered =
  (key: 'pasid' | 'handle'): Answer =>
  raw =>
    ({ is: 'ok', [key]: Number(raw) }) as Outcome;
const plain: Answer = raw => (raw === WARNED ? { is: 'ok', warned: true } : { is: 'ok' });

/** What the numbers mean that are no errno; left out: done, or done with a complaint. */
const ANSWERS: { readonly [op: string]: Answer } = {
  owner_claimed: yes,
  capable: yes,
  handle_get: raw => (raw === A_BOND ? { is: 'ok' } : { is: 'ok', handle: Number(raw) }),
  pasid_alloc: numbered('pasid'),
  sva_bind: numbered('pasid'),
  aux_pasid: numbered('pasid'),
  unmap: raw => ({ is: 'ok', unmapped: BigInt(raw) }),
  iova_to_phys: raw => ({ is: 'ok', paddr: BigInt(raw) }),
  dma: raw => ({ is: 'ok', paddr: BigInt(raw) }),
  aux_lookup: (raw, m) => ({
    is: 'ok',
    domain: m.domains.nameOf(Number(raw)),
    pasid: m.impl.domain(Number(raw))?.pasid ?? 0,
  }),
};

function hardwareOf(setup: Setup): Hardware {
  return {
    instances: setup.instances.map(({ pageSizes, iovaBits, ...same }) => ({
      ...same,
      sizes: Number(pageSizes >> 12n),
      limit: 2 ** (iovaBits - 12),
    })),
    groups: setup.groups,
    devices: setup.devices.map(d => ({ ...d, instance: orNone(d.instance), parent: orNone(d.parent) })),
    defaultType: setup.defaultType,
    spaces: setup.mms,
  };
}

/** A mistake that is built into a machine: other inner steps, another class of calls. */
export interface Defect {
  readonly steps?: NonNullable<Options['steps']>;
  readonly calls?: (own: typeof IommuCore) => typeof IommuCore;
}

/** The implementation as one more machine that a recording could have been taken on. */
export class Machine {
  readonly impl: IommuCore;
  readonly domains = new Names();
  readonly references = new Names();
  readonly faults = new Armed();

  private readonly release: string;
  private together: ConcurrentCore | undefined;

  /** `locking`: for calls that are made at the same time. */
  constructor(
    private readonly setup: Setup,
    policies: PolicyValues,
    private readonly locking: Locking = 'by-group',
    defect: Defect = {},
  ) {
    this.release = policies.release;
    this.impl = new (defect.calls?.(IommuCore) ?? IommuCore)({
      ...(defect.steps === undefined ? {} : { steps: defect.steps }),
      hardware: hardwareOf(setup),
      faults: this.faults,
      choices: {
        kernel: KERNELS[policies.release],
        auxFlag: policies['aux-flag'],
        pasidAllocator: policies['pasid-allocator'],
        ridWhilePasid: policies['rid-while-pasid'],
        blockingAttach: policies['blocking-attach'],
        deviceGroupReference: policies['device-group-reference'],
        failedReplace: policies['failed-replace'],
        freeTrustsDetach: policies['free-trusts-detach'],
        resetState: policies['reset-state'],
      },
    });
  }

  reset(): void {
    this.impl.reset();
    this.together = undefined;
    this.domains.clear();
    this.references.clear();
  }

  step(op: Op, force?: Force): Outcome {
    this.faults.disarm();
    if (force !== undefined) this.faults.arm(planOf(force, aboutOf(this.impl.core, op, this.release)));
    const outcome = this.call(op);
    this.faults.disarm();
    return outcome;
  }

  /** One operation with some of its calls of a driver failing, counted from 0; and the sorts of all its calls. */
  stepFailing(
    op: Op,
    failing: readonly number[],
  ): { readonly outcome: Outcome; readonly calls: readonly string[] } {
    this.faults.disarm();
    this.faults.armAt(failing);
    const outcome = this.call(op);
    const calls = [...this.faults.asked];
    this.faults.disarm();
    return { outcome, calls };
  }

  failAt(numbers: readonly number[]): void {
    this.faults.disarm();
    this.faults.armAt(numbers);
  }

  failed(): number {
    return this.faults.failed;
  }

  private call(op: Op): Outcome {
    return this.answered(op, invoke(this.impl, this, op));
  }

  /** The calls, to be made at the same time: `step` promises an answer. */
  concurrent(pause: Pause): { step(op: Op): Promise<Outcome> } {
    this.together ??= new ConcurrentCore(this.impl, pause, this.locking);
    const calls: ConcurrentCalls = this.together.at(pause);
    const step = async (op: Op): Promise<Outcome> =>
      this.answered(op, await (invoke(calls as never, this, op) as Raw | Promise<Raw>));
    return { step };
  }

  /** A name can be given again only when what it stood for was given back; else what was made is given back. */
  private named(name: number, made: number, isReference: boolean): Outcome {
    const { impl, references, domains } = this;
    if (!this.isTaken(name, isReference)) {
      (isReference ? references : domains).set(name, made);
      return { is: 'ok' };
    }
    if (isReference) impl.putGroup(made);
    else impl.freeDomain(made);
    return TAKEN;
  }

  private isTaken(name: number, isReference: boolean): boolean {
    const { impl, references, domains } = this;
    return isReference
      ? impl.reference(references.of(name)) >= 0
      : impl.domain(domains.of(name)) !== undefined;
  }

  private answered(op: Op, raw: Raw): Outcome {
    if (raw === DMA_FAULT || raw === BigInt(DMA_FAULT)) return { is: 'fault' };
    if (raw === DMA_OUTSIDE || raw === BigInt(DMA_OUTSIDE)) return { is: 'outside' };
    const taken = 'as' in op && this.isTaken(op.as, op.op === 'group_get');
    // Whether the name is free is looked at before any memory is asked for; the implementation knows no names.
    if (taken && raw === -ENOMEM) return TAKEN;
    if (raw <= -COMPLAINT) return { ...refused(Number(raw) + COMPLAINT), warned: true } as Outcome;
    if (raw < 0) return refused(Number(raw));
    if ('as' in op) return this.named(op.as, Number(raw), op.op === 'group_get');
    return (ANSWERS[op.op] ?? plain)(raw, this);
  }

  /** The implementation's name for a domain. */
  domain(name: number | 'identity' | 'blocked' | null): number {
    if (name === null) return NULL_DOMAIN;
    if (name === 'identity') return STATIC_IDENTITY;
    return name === 'blocked' ? STATIC_BLOCKED : this.domains.of(name);
  }

  /** What the law calls the view, from the counts and pointers that the implementation keeps. */
  view(): View {
    const { impl, setup } = this;
    return {
      devices: setup.devices.map((_, d) => this.deviceView(d)),
      groups: Array.from({ length: setup.groups }, (_, g) => this.groupView(g)),
      domains: this.domainViews(),
      references: Object.fromEntries(
        [...this.references].map(([name, h]) => [name, impl.reference(h)]).filter(([, g]) => g !== -1),
      ),
      mms: Array.from({ length: setup.mms }, (_, mm) => impl.space(mm)),
    };
  }

  private pointer(to: Pointer): ViewValue {
    if (typeof to === 'number') return this.domains.nameOf(to);
    return typeof to === 'object' && to !== null ? `sva ${to.sva}` : to;
  }

  private deviceView(d: number): View {
    const seen = this.impl.device(d);
    // Key by key: this is made after every call of a lockstep, and a spread takes five times as long.
    return {
      member: seen.member,
      driver: seen.driver,
      deferred: seen.deferred,
      domain: this.pointer(seen.domain),
      astray: seen.differs,
      leftover: this.pointer(seen.stale),
      resets: seen.resets,
      aux: seen.aux,
      programmed: Object.fromEntries(seen.programmed.map(p => [p.pasid, this.pointer(p.domain)])),
    };
  }

  private groupView(g: number): View | null {
    const seen = this.impl.group(g);
    if (seen === undefined) return null;
    return {
      refs: seen.refs,
      type: seen.type,
      blocking: seen.blocking,
      domain: this.pointer(seen.domain),
      owner: seen.owner < 0 ? null : seen.owner,
      owners: seen.owners,
      aux: seen.aux,
      pasids: Object.fromEntries(
        seen.pasids.map(p => [p.pasid, { domain: this.pointer(p.domain), handle: handleName(p.handle) }]),
      ),
    };
  }

  private domainViews(): View {
    const found: [number, ViewValue][] = [];
    for (const [name, handle] of this.domains) {
      const seen = this.impl.domain(handle);
      if (seen === undefined) continue;
      const maps = seen.maps.map(({ page, pages, frame }) => ({ page, pages, frame }));
      found.push([name, { instance: seen.instance < 0 ? null : seen.instance, pasid: seen.pasid, maps }]);
    }
    return Object.fromEntries(found);
  }
}

const handleName = (handle: number): ViewValue => (handle === BOND ? 'bond' : handle < 0 ? null : handle);

const invoke = (core: IommuCore, m: Machine, op: Op): Raw =>
  (CALLS[op.op] as (core: IommuCore, m: Machine, op: Op) => Raw)(core, m, op);

function planOf(force: Force, about: About): Plan {
  const plan = FAULTS_OF[force.rule];
  if (plan === undefined) throw new Error(`no fault makes the implementation end with ${force.rule}`);
  return plan(force.at, about);
}
