// Which calls of the driver must fail so that iommu-core's implementation takes an ending that the law only permits?
import type { Core } from '../../impl/iommu-core/core.js';
import type { FaultPoint, Faults } from '../../impl/iommu-core/faults.js';
import type { Op } from '../../spec/iommu-core/state.js';

/** The kernel behind each release of the law. */
export const KERNELS = {
  'linux-7.2': '7.2',
  'linux-6.12': '6.12',
  'linux-6.1': '6.1',
  drafts: '7.2',
} as const;

/** For each sort of call that fails, how many of the sort go well before it. Points of one sort are counted together. */
export type Plan = readonly { readonly points: readonly FaultPoint[]; readonly after: number }[];

const one =
  (...points: readonly FaultPoint[]) =>
  (at: number): Plan => [{ points, after: at }];

/** What a plan may depend on beside the number of the ending: the kernel, and how many members the group has. */
export interface About {
  readonly release: string;
  readonly members: number;
  /** Of the members that are not being reset, in order: is the driver not called for it on the way to a default domain? */
  readonly skips: readonly boolean[];
}

export function aboutOf(core: Core, op: Op, release: string): About {
  const { groups, devices } = core;
  const group = 'group' in op ? groups[op.group] : devices['device' in op ? op.device : -1]?.group;
  const toDefault = op.op === 'store_type' || op.op === 'setup_default';
  const walked = devices.filter(d => group !== undefined && d.group === group && d.resets === 0);
  return { release, members: group?.members ?? 0, skips: walked.map(d => toDefault && d.deferred) };
}

/**
 * The n-th pair of a member k that fails (1 and up) and a member j before it that cannot go back; in 6.12 of a member
 * k from 0 up, and a member j that may be k itself.
 */
const pair =
  (there: FaultPoint, back: FaultPoint) =>
  (at: number, about?: About): Plan => {
    const itself = about?.release === 'linux-6.12' ? 1 : 0;
    const skips = about?.skips ?? [];
    let k = 0;
    let j = at;
    for (; skips[k] === true || j >= k + itself; k++) if (skips[k] !== true) j -= k + itself;
    return [
      { points: [there], after: k - skips.slice(0, k).filter(Boolean).length },
      { points: [back], after: j },
    ];
  };

const twice = (point: FaultPoint) => (): Plan => [
  { points: [point], after: 0 },
  { points: [point], after: 0 },
];

/** In 6.1 each member may be the one that fails, and then any member the one that cannot be attached again. */
const each =
  (there: FaultPoint, back: FaultPoint) =>
  (at: number, about?: About): Plan => {
    const members = about?.members ?? 1;
    return [
      { points: [there], after: Math.floor(at / members) },
      { points: [back], after: at % members },
    ];
  };

const ATTACH = one('attach');
const ROLLBACK = pair('attach', 'reattach');
const WAY_BACK = one('reattach');
const BLOCKING = one('blocking-domain');
const DEFAULT = one('default-domain');
const DOMAIN = one('domain');
const PLACE = one('entry');
const NUMBER = one('number');
const PASID = one('pasid');

/** The failure behind each `may` clause; `at` is the number of the ending among those of the clause. */
export const FAULTS_OF: { readonly [rule: string]: (at: number, about?: About) => Plan } = {
  'probe/no-memory': one('probe', 'group-object', 'group-device'),
  'probe/attach-fails': ATTACH,
  'probe/no-default-domain': twice('default-domain'),
  'probe/no-default': DEFAULT,
  'probe/dma-instead': DEFAULT,
  'probe/first-attach-fails': ATTACH,
  'probe/default-attach-fails': at => [...(at > 0 ? DEFAULT(0) : []), ...WAY_BACK(0)],
  'probe/without-default': twice('default-domain'),
  'probe/falls-back': DEFAULT,
  'setup_default/attach-stops': ATTACH,
  'setup_default/without-default': twice('default-domain'),
  'setup_default/falls-back': DEFAULT,
  'setup_default/no-memory': twice('default-domain'),
  'setup_default/no-default': DEFAULT,
  'setup_default/dma-instead': DEFAULT,
  'store_type/no-default': DEFAULT,
  'store_type/dma-instead': DEFAULT,
  'setup_default/first-attach-fails': ATTACH,
  'setup_default/attach-fails': ATTACH,
  'setup_default/rollback-fails': ROLLBACK,
  'store_type/no-flush-queue': one('flush-queue'),
  'store_type/no-memory': () => [
    { points: ['default-domain'], after: 0 },
    { points: ['default-domain', 'direct-map'], after: 0 },
  ],
  'store_type/lone-attach-fails': ATTACH,
  'store_type/falls-back': DEFAULT,
  'store_type/attach-fails': ATTACH,
  'store_type/rollback-fails': ROLLBACK,
  'claim_group/no-blocking-domain': BLOCKING,
  'claim_group/no-blocking-memory': BLOCKING,
  'claim_group/stops-half-way': ATTACH,
  'claim_group/attach-fails': ATTACH,
  'claim_group/rollback-fails': ROLLBACK,
  'claim_group/direct-map-rollback-fails': WAY_BACK,
  'claim_device/no-blocking-domain': BLOCKING,
  'claim_device/attach-fails': ATTACH,
  'claim_device/rollback-fails': ROLLBACK,
  'claim_device/direct-map-rollback-fails': WAY_BACK,
  'release_group/attach-fails': ATTACH,
  'release_group/stops-half-way': ATTACH,
  'release_device/attach-fails': ATTACH,
  'alloc_by_device/no-memory': DOMAIN,
  'alloc_by_group/no-memory': DOMAIN,
  'alloc_by_bus/no-memory': DOMAIN,
  'attach_device/all-go-back': ATTACH,
  'attach_device/way-back-fails': each('attach', 'reattach'),
  'attach_device/refused-and-astray': WAY_BACK,
  'attach_group/all-go-back': ATTACH,
  'attach_group/way-back-fails': each('attach', 'reattach'),
  'attach_group/refused-and-astray': WAY_BACK,
  'attach_device/attach-fails': ATTACH,
  'attach_device/rollback-fails': ROLLBACK,
  'attach_group/attach-fails': ATTACH,
  'attach_group/rollback-fails': ROLLBACK,
  'attach_group/direct-map-rollback-fails': WAY_BACK,
  'attach_group/by-parts-rollback-fails': WAY_BACK,
  'replace_group/attach-fails': ATTACH,
  'replace_group/rollback-fails': ROLLBACK,
  'replace_group/direct-map-rollback-fails': WAY_BACK,
  'replace_group/by-parts-rollback-fails': WAY_BACK,
  'attach_handle/no-memory': PLACE,
  'attach_handle/attach-fails': ATTACH,
  'attach_handle/rollback-fails': ROLLBACK,
  'attach_handle/direct-map-rollback-fails': WAY_BACK,
  'attach_handle/by-parts-rollback-fails': WAY_BACK,
  'replace_handle/no-memory': PLACE,
  'replace_handle/attach-fails': ATTACH,
  'replace_handle/rollback-fails': ROLLBACK,
  'replace_handle/direct-map-rollback-fails': WAY_BACK,
  'replace_handle/by-parts-rollback-fails': WAY_BACK,
  'detach_device/attach-fails': ATTACH,
  'detach_group/attach-fails': ATTACH,
  'detach_device/stops-half-way': ATTACH,
  'detach_group/stops-half-way': ATTACH,
  'detach_handle/attach-fails': ATTACH,
  'deferred_attach/attach-fails': ATTACH,
  'deferred_attach/deferral-ends': ATTACH,
  'reset_prepare/no-blocking-domain': BLOCKING,
  'reset_prepare/attach-fails': one('reset-block'),
  'reset_done/attach-fails': one('reset-attach'),
  'reset_done/pasid-fails': one('pasid-reset'),
  'pasid_alloc/no-memory': NUMBER,
  'attach_pasid/no-memory': PLACE,
  'attach_pasid/attach-fails': PASID,
  'replace_pasid/no-memory': PLACE,
  'replace_pasid/attach-fails': PASID,
  'replace_pasid/rollback-fails': pair('pasid', 'pasid-revert'),
  'sva_bind/no-place': one('space-number'),
  'sva_bind/number-fails': NUMBER,
  'sva_bind/no-memory': one('sva-handle', 'sva-domain'),
  'sva_bind/attach-fails': PASID,
  'aux_enable/pasid-fails': one('aux-enable'),
  'aux_attach/number-fails': NUMBER,
  'aux_attach/attach-fails': PASID,
  'map/no-memory': one('table'),
  'dma/left-over': one('late-invalidation'),
};

/** The sorts of calls that can fail behind an ending that the law only permits, of each clause by itself. */
export const sortsOf = (rule: string): readonly FaultPoint[] => FAULTS_OF[rule]!(0).flatMap(p => p.points);

/** Calls of a driver that are made to fail; and how many were asked about since it was armed. */
export class Armed implements Faults {
  /** Calls that could have failed, in order. */
  readonly asked: FaultPoint[] = [];
  private readonly left: { readonly points: readonly FaultPoint[]; after: number }[] = [];
  private failing: readonly number[] = [];
  failed = 0;

  arm(plan: Plan): void {
    this.left.push(...plan.map(step => ({ ...step })));
  }

  /** The calls of these numbers fail, whatever they are. */
  armAt(failing: readonly number[]): void {
    this.failing = failing;
  }

  disarm(): void {
    this.left.length = 0;
    this.failing = [];
    this.failed = 0;
    this.asked.length = 0;
  }

  fails(point: FaultPoint): boolean {
    const n = this.asked.push(point) - 1;
    if (this.failing.includes(n)) {
      this.failed++;
      return true;
    }
    const at = this.left.findIndex(step => step.points.includes(point));
    const step = this.left[at];
    if (step === undefined) return false;
    if (step.after-- > 0) return false;
    this.left.splice(at, 1);
    return true;
  }
}
