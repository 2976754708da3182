// How does a group go back to the core's own domain?
import { type Citation, cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { SINCE_612 } from '../releases.js';
import {
  type Change,
  forcedFailures,
  frozen,
  isThere,
  mustSetDomain,
  refusal,
  resetHoldsGroup,
} from '../set-domain.js';
import { domainLives, refOf } from '../state/domain.js';
import { coreDomain, hasItsGroup, homeOf, instanceOf, membersOf } from '../state/group.js';
import { withEntry } from '../state/pasid.js';
import { NONE, type State } from '../state.js';
import { hasHandle } from './attach.js';
import {
  at,
  chapterOf,
  done,
  groupIn,
  hasGroup,
  OK,
  type OnDevice,
  type OnGroup,
  operation,
  type Rule,
  type The,
  WARNED,
  warned,
} from './chapter.js';
import { backFails } from './set-domain-6-1.js';

const NOFAIL = cite('linux-6.12-7.2', '__iommu_group_set_domain_nofail');
const RESETTING = cite('linux-7.2', '__iommu_group_set_domain_internal: recovery_cnt');
const MUST_SUCCEED = cite('linux-6.12-7.2', '__iommu_device_set_domain: IOMMU_SET_DOMAIN_MUST_SUCCEED');
const CORE = cite('linux-6.1-7.2', '__iommu_group_set_core_domain');

const toCore = (s: State, o: OnDevice | OnGroup): Change => {
  const group = groupIn(s, o);
  return { group, to: coreDomain(s.groups[group]!) };
};

const stays = (s: State, c: Change, p: PolicyValues): boolean =>
  !isThere(s, c) && (c.to === NONE || resetHoldsGroup(s, c.group, p) || frozen(s, c.group, p));

/** Back to the core's own domain: it must succeed, and the caller learns nothing. */
function detaching<O extends OnDevice | OnGroup>(
  op: string,
  cited: Citation,
  after: (s: State, o: O) => State = s => s,
): readonly Rule<O>[] {
  const rules = chapterOf<O>(op);
  const { ends, mayEnd } = rules;
  const old = op === 'detach_handle' ? [] : backFails<O>(rules, s => s, toCore);
  return [
    ...old.slice(0, 1),
    ends(
      'stays',
      'The group has no domain to go back to, or a reset or a PASID holds it up: it keeps its domain, though the caller takes it for detached, and the kernel warns.',
      (s, o) => warned(after(s, o)),
      (s, o, p) => stays(s, toCore(s, o), p),
      at(NOFAIL, RESETTING),
    ),
    mayEnd(
      'attach-fails',
      "The driver fails to attach a member to the core's domain, though it must not. The member is attached to the blocking domain if that is another one; its domain differs from its group's. The others go on.",
      (s, o, p) => forcedFailures(s, toCore(s, o), p).map(state => warned(after(state, o))),
      (s, o, p) => forcedFailures(s, toCore(s, o), p).length > 0,
      { ...at(MUST_SUCCEED), ...SINCE_612 },
    ),
    ...old.slice(1),
    ends(
      'detached',
      'The group is on its blocking domain if it is owned, and else on its default domain.',
      (s, o, p) => ({
        outcome: refusal(s, toCore(s, o), p) === undefined ? OK : WARNED,
        state: after(mustSetDomain(s, toCore(s, o), p), o),
      }),
      undefined,
      at(cited, CORE),
    ),
  ];
}

const DETACH_DEVICE = operation('detach_device', cite('linux-6.1-7.2', 'iommu_detach_device'));

export const detachDevice: readonly Rule<The<'detach_device'>>[] = [
  DETACH_DEVICE.ends(
    'no-group',
    'The device is in no group: it is detached already.',
    s => done(s),
    (s, o) => !hasItsGroup(s, o.device),
  ),
  DETACH_DEVICE.ends(
    'not-attached',
    'The group is not on this domain, or the device is not alone in its group: the kernel warns, and nothing changes. On a static domain that its driver does not have no group is.',
    s => warned(s),
    (s, o) => {
      const g = homeOf(s, o);
      const named = domainLives(s, instanceOf(s, g), o.domain) ? refOf(s, g, o.domain) : undefined;
      return s.groups[g]!.domain !== named || membersOf(s, g).length !== 1;
    },
  ),
  ...detaching<The<'detach_device'>>('detach_device', cite('linux-6.1-7.2', 'iommu_detach_device')),
];

export const detachGroup: readonly Rule<The<'detach_group'>>[] = [
  hasGroup(operation('detach_group')),
  ...detaching<The<'detach_group'>>('detach_group', cite('linux-6.1-7.2', 'iommu_detach_group')),
];

export const detachHandle: readonly Rule<The<'detach_handle'>>[] = [
  hasGroup(operation('detach_handle')),
  ...detaching<The<'detach_handle'>>(
    'detach_handle',
    cite('linux-6.12-7.2', 'iommu_detach_group_handle'),
    (s, o) => (hasHandle(s, o) ? withEntry(s, o.group, 0, NONE) : s),
  ),
];
