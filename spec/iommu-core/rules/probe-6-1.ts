// What did Linux 6.1 do when a device appeared, and when the scan of a bus came to a group?
import { patch, patchAt } from '../../kit/record.js';
import { type Citation, cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { IN_61 } from '../releases.js';
import { lost, settled } from '../set-domain-6-1.js';
import { on } from '../state/attach.js';
import { automaticOf, type DefaultType, wishOf } from '../state/default-domain.js';
import { hasIommu, homeOf, membersOf } from '../state/group.js';
import { attachedToCurrent, failedProbe, groupFor, hasCurrent, joined, type Probe } from '../state/join.js';
import { leave } from '../state/leave.js';
import { BLOCKED, DEFAULT, NONE, type State } from '../state.js';
import { at, done, operation, type Rule, type The } from './chapter.js';

type Setup = The<'setup_default'>;

const in61 = (...cited: readonly Citation[]) => ({ ...at(...cited), ...IN_61 });
const PROBE = cite('linux-6.1', 'iommu_probe_device');
const ALLOC = cite('linux-6.1', 'iommu_group_alloc_default_domain');

/** The group has a default domain of this type; a group that was on no domain is on it, unless somebody owns it. */
export function withDefault61(s: State, g: number, type: DefaultType): State {
  const { domain, owner } = s.groups[g]!;
  const first = domain === NONE && owner < 0 ? { domain: DEFAULT } : {};
  return patch(s, { groups: patchAt(s.groups, g, { type, ...first }) });
}

const probing = operation('probe', PROBE);

/** Not found by a scan: whatever the group is on, the newcomer goes to its default domain, unless somebody owns the group. */
const isAlone = (o: Probe): boolean => o.queued !== true;
const lacksDefault = (s: State, o: Probe): boolean => isAlone(o) && groupFor(s, o).type === 'none';

/** The type that the newcomer alone decides. */
const typeFor = (s: State, o: Probe): DefaultType => automaticOf(s, wishOf(s, o.device));

/** The newcomer has joined, where its group is; `type`: that its default domain gets if there is none yet. */
function joined61(s: State, o: Probe, p: PolicyValues, type: DefaultType | 'none'): State {
  const g = homeOf(s, o);
  const now = hasCurrent(s, o) ? attachedToCurrent(s, o, p) : joined(s, o, p);
  const gets = type !== 'none' && now.groups[g]!.type === 'none';
  return gets ? withDefault61(now, g, type) : now;
}

const goesToDefault = (s: State, g: number): boolean =>
  s.groups[g]!.type !== 'none' && s.groups[g]!.owner < 0;

/** The newcomer is on the default domain, be its attach deferred or not. */
function alone(s: State, o: Probe, p: PolicyValues, type: DefaultType | 'none'): State {
  const now = joined61(s, o, p, type);
  const g = homeOf(s, o);
  if (!goesToDefault(now, g)) return settled(now, g, now.groups[g]!.domain);
  const devices = patchAt(now.devices, o.device, on(now.devices[o.device]!, DEFAULT, p));
  return settled(patch(now, { devices }), g, now.groups[g]!.domain);
}

/** Its driver fails to attach it there: it leaves, and what the group has got stays. */
function withdrawn61(s: State, o: Probe, p: PolicyValues, type: DefaultType | 'none'): readonly State[] {
  const now = joined61(s, o, p, type);
  if (!goesToDefault(now, homeOf(s, o))) return [];
  const left = leave(settled(now, homeOf(s, o), now.groups[homeOf(s, o)]!.domain), o.device, p);
  return [patch(left, { devices: patchAt(left.devices, o.device, s.devices[o.device]!) })];
}

/** The type that the group's default domain gets, if it gets one. */
const typeGot = (s: State, o: Probe): DefaultType | 'none' => (lacksDefault(s, o) ? typeFor(s, o) : 'none');

/** And the one that it gets where that cannot be allocated. */
const typesGot = (s: State, o: Probe): readonly (DefaultType | 'none')[] => [
  ...new Set([typeGot(s, o), ...(lacksDefault(s, o) ? (['dma'] as const) : [])]),
];

export const newcomerLocked: Rule<Probe> = probing.mustLeave(
  'rmrr-locked',
  'EPERM',
  "The driver is VT-d's, the device needs its direct map, and the group is on a domain of a user or its blocking domain.",
  (s, o, p) => [failedProbe(s, o, p)],
  (s, o) => {
    const d = s.devices[o.device]!;
    const { domain } = groupFor(s, o);
    const users = domain >= 0 || domain === BLOCKED;
    return users && d.direct && s.instances[d.instance]!.code === 'vtd' && !d.deferred;
  },
  in61(cite('linux-6.1', 'iommu_group_add_device, intel_iommu_attach_device')),
);

export const newcomerAlone: readonly Rule<Probe>[] = [
  probing.mayLeave(
    'default-attach-fails',
    'ENOMEM',
    'The driver fails to attach the device to the default domain: it leaves again, and the group keeps the default domain.',
    (s, o, p) => (isAlone(o) ? typesGot(s, o).flatMap(type => withdrawn61(s, o, p, type)) : []),
    undefined,
    in61(PROBE),
  ),
  probing.mayEnd(
    'without-default',
    'No default domain can be allocated, which is not looked at: the device joins, and is where its group is.',
    (s, o, p) => done(alone(s, o, p, 'none')),
    lacksDefault,
    in61(PROBE, ALLOC),
  ),
  probing.mayEnd(
    'falls-back',
    'A default domain of the type asked for cannot be allocated, and one of type DMA can.',
    (s, o, p) => done(alone(s, o, p, 'dma')),
    (s, o) => lacksDefault(s, o) && typeFor(s, o) !== 'dma',
    in61(ALLOC),
  ),
  probing.ends(
    'newcomer-alone',
    'The group gets a default domain if it has none. Unless somebody owns the group the device is attached to it, even if its attach is deferred or the group is on another domain; no other member is.',
    (s, o, p) => done(alone(s, o, p, typeGot(s, o))),
    (_, o) => isAlone(o),
    in61(PROBE, cite('linux-6.1', 'iommu_alloc_default_domain')),
  ),
];

const SCAN = cite('linux-6.1', 'bus_iommu_probe, probe_alloc_default_domain');
const setting = operation('setup_default', SCAN);

/** What the members ask for together: where two disagree the machine decides. */
function typeOfAll(s: State, g: number): DefaultType {
  const wishes = new Set(membersOf(s, g).flatMap(at => wishOf(s, at) ?? []));
  return automaticOf(s, wishes.size === 1 ? [...wishes][0] : undefined);
}

const typeOf = (s: State, g: number): DefaultType => {
  const { type } = s.groups[g]!;
  return type === 'none' ? typeOfAll(s, g) : type;
};

/** Members that the scan attaches: none of a group that somebody owns, or that is on a domain of a user (ADR-0011). */
const scanned = (s: State, g: number): readonly number[] =>
  s.groups[g]!.owner >= 0 || s.groups[g]!.domain >= 0
    ? []
    : membersOf(s, g).filter(at => !s.devices[at]!.deferred);

/** The members before number `until` are on the default domain, and that one is off its own. */
function attached(s: State, g: number, type: DefaultType, p: PolicyValues, until = s.devices.length): State {
  const now = s.groups[g]!.type === 'none' ? withDefault61(s, g, type) : s;
  const members = scanned(now, g);
  const devices = now.devices.map((d, at) => {
    const n = members.indexOf(at);
    if (n < 0 || n > until) return d;
    return n === until ? lost(s, d) : on(d, DEFAULT, p);
  });
  return settled(patch(now, { devices }), g, now.groups[g]!.domain);
}

export const scanOfGroup: readonly Rule<Setup>[] = [
  setting.mayLeave(
    'attach-stops',
    'ENOMEM',
    'The driver fails to attach a member to the default domain: the ones before it are on it, it is off its own, and the ones after it are where they were.',
    (s, o, p) => scanned(s, o.group).map((_, k) => attached(s, o.group, typeOf(s, o.group), p, k)),
    undefined,
    in61(cite('linux-6.1', '__iommu_group_dma_attach')),
  ),
  setting.mayEnd(
    'without-default',
    'No default domain can be allocated: the scan goes on without one.',
    s => done(s),
    (s, o) => s.groups[o.group]!.type === 'none',
    in61(SCAN, ALLOC),
  ),
  setting.mayEnd(
    'falls-back',
    'A default domain of the type that the members ask for cannot be allocated, and one of type DMA can.',
    (s, o, p) => done(attached(s, o.group, 'dma', p)),
    (s, o) => s.groups[o.group]!.type === 'none' && typeOf(s, o.group) !== 'dma',
    in61(ALLOC),
  ),
  setting.ends(
    'scanned',
    'The group gets a default domain if it has none, of the type that the members agree on, and every member whose attach is not deferred is attached to it. A group that is owned or on a domain of a user is left where it is.',
    (s, o, p) => done(attached(s, o.group, typeOf(s, o.group), p)),
    (s, o) => hasIommu(s, o.group),
    in61(SCAN, cite('ours', 'ADR-0011: a group that is taken before it is set up')),
  ),
];
