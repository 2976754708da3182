// Which locks and references could be missing in the IOMMU core, and what interleaving shows it?
import type { PolicyValues } from '../../../spec/iommu-core-races/policies.js';
import type { Op, State, Thread } from '../../../spec/iommu-core-races/state.js';
import { patch, patchAt } from '../../../spec/kit/record.js';
import { type Breaks, designFault, ends } from '../design.js';
import { type FaultyLaw, history, type Source, synthetic } from '../fault.js';
import { linux, type Seen } from '../seeding.js';

type Spoil = (after: State, before: State, thread: number) => State;
type Does = Thread['does'];

/** The step of some threads does something else. */
const step =
  (name: string, spoil: Spoil, by?: Does): Breaks =>
  profile =>
    ends<State, Op>(`step/${name}`, (after, before, { thread }) =>
      by === undefined || before.threads[thread]?.does === by ? spoil(after, before, thread) : after,
    )(profile);

const all =
  (...breaks: readonly Breaks[]): Breaks =>
  profile =>
    breaks.reduce((broken, next) => next(broken), profile);

const group = (s: State, fields: Partial<State['group']>): State =>
  patch(s, { group: patch(s.group, fields) });
const world = (s: State, fields: Partial<State['world']>): State =>
  patch(s, { world: patch(s.world, fields) });
const target = (s: State, thread: number): number => {
  const t = s.threads[thread]!;
  return t.does === 'attach' || t.does === 'invalidate' ? t.found : t.device;
};
const device = (s: State, at: number, fields: Partial<State['devices'][number]>): State =>
  patch(s, { devices: patchAt(s.devices, at, fields) });

/** The lock is neither taken nor given back: it stays whoever's it is. */
const sameGroupLock: Spoil = (after, before) => group(after, { lock: before.group.lock });
const sameDomainLock: Spoil = (after, before) => world(after, { domainLock: before.world.domainLock });
const sameDeviceLock: Spoil = (after, before, thread) => {
  const at = target(before, thread);
  return device(after, at, { lock: before.devices[at]!.lock });
};
const sameDeviceReferences: Spoil = (after, before, thread) => {
  const at = target(after, thread);
  const { refs, memory } = before.devices[at]!;
  return device(after, at, { refs, memory });
};
const sameGroupReferences: Spoil = (after, before) => {
  const { refs, freed, object } = before.group;
  return group(after, { refs, freed, object });
};

const noGroupLock = (by: Does): Breaks =>
  all(step('lock-group', sameGroupLock, by), step('unlock-group', sameGroupLock, by));
const noDomainLock = (by: Does): Breaks =>
  all(step('lock-domain', sameDomainLock, by), step('unlock-domain', sameDomainLock, by));

const MAIL = history(
  'Review of "iommu: Add iommu_group_replace_domain()", 2022: "What keeps busdev from being concurrently unplugged?"',
);

const race = (
  id: string,
  says: string,
  source: Source,
  [where, shows, steps]: readonly [world: string, promise: string, steps: number],
  breaks: Breaks,
  policies: Partial<PolicyValues> = {},
): FaultyLaw =>
  designFault(`race/${id}`, says, source, [where, shows, steps, policies as Seen[3] & {}], breaks);

const USED = 'nothing-freed/is-used';

export const races: readonly FaultyLaw[] = [
  race(
    'attach-without-the-mutex',
    'Attach takes no mutex of the group, and works on a device whose driver data removal has freed.',
    MAIL,
    ['attach-unplug', USED, 16],
    noGroupLock('attach'),
  ),
  race(
    'unplug-without-the-mutex',
    'Removal takes the device off the list of its group without the mutex of the group.',
    MAIL,
    ['attach-unplug', USED, 16],
    noGroupLock('unplug'),
  ),
  race(
    'mutex-given-back-too-early',
    'Attach gives the mutex back when it has found the device, before it uses it.',
    synthetic('the lock covers the search alone'),
    ['attach-unplug', USED, 16],
    step('find', after => group(after, { lock: -1 })),
  ),
  race(
    'data-freed-before-the-mutex',
    'Removal frees what the driver keeps for the device with the driver, before it takes the mutex.',
    linux('9ac8545199a1', 'and its follow-up: driver data is gone while a detach is pending'),
    ['attach-unplug', USED, 6],
    step('unbind', (after, before, thread) => device(after, target(before, thread), { data: 'freed' })),
  ),
  race(
    'group-put-before-last-use',
    'Removal puts its reference of the group before it uses the group for the last time.',
    linux('9ac8545199a1', '"iommu: Fix use-after-free in iommu_release_device"'),
    ['attach-unplug-all', USED, 35],
    all(
      step('leave', after => {
        const refs = after.group.refs - 1;
        return group(after, { refs, freed: refs <= 0, object: refs <= 0 ? 0 : after.group.object });
      }),
      step('put-group', sameGroupReferences, 'unplug'),
    ),
  ),
  race(
    'device-found-and-not-held',
    'A device is found under no lock, and its memory is not held while its mutex is waited for.',
    MAIL,
    ['attach-unplug', USED, 17],
    all(step('find-and-hold', sameDeviceReferences), step('put-device', sameDeviceReferences, 'attach')),
    { 'attach-lock': 'device-mutex' },
  ),
  race(
    'group-reference-put-twice',
    'One reference of the group too few is taken, and all are given back: the last member loses its group.',
    history('Review of blocking domains for POWER, 2022: device_group returns without iommu_group_ref_get'),
    ['attach-unplug-all', USED, 20],
    step(
      'put-group',
      after => {
        const refs = after.group.refs - 1;
        return group(after, { refs, freed: refs <= 0, object: refs <= 0 ? 0 : after.group.object });
      },
      'attach',
    ),
  ),
  race(
    'detach-without-the-list-lock',
    'Detach takes a device off the list of its domain without the lock of the list, while a flush walks it.',
    history('Linux, arm_smmu_atc_inv_domain: devices_lock, and why the list is walked under it'),
    ['attach-invalidate', USED, 11],
    noDomainLock('detach'),
  ),
  race(
    'flush-without-the-list-lock',
    'A flush walks the list of the domain without its lock.',
    history('Linux, arm_smmu_atc_inv_domain: devices_lock, and why the list is walked under it'),
    ['attach-invalidate', USED, 11],
    noDomainLock('invalidate'),
  ),
  race(
    'flush-does-not-flush',
    'The entry is out of the table, and no device is told.',
    history(
      'Linux commit 37764b952e1b, "iommu/vt-d: Global devTLB flush when present context entry changed"',
    ),
    ['attach-invalidate', 'unmap/nothing-cached-after', 6],
    step('flush', (after, before) => patch(after, { devices: before.devices })),
  ),
  race(
    'own-cache-not-flushed',
    'A device is taken off its domain and its own cache is not emptied; when it is off the list, nobody else does it.',
    history(
      'Linux commit 37764b952e1b, "iommu/vt-d: Global devTLB flush when present context entry changed"',
    ),
    ['attach-invalidate', 'unmap/nothing-cached-after', 11],
    step('flush-own', (after, before) => patch(after, { devices: before.devices })),
  ),
  race(
    'off-the-list-before-its-cache-is-empty',
    'A device is off the list of its domain before its cache is emptied, and a flush in between passes it over.',
    history('Linux, "iommu/amd: Invalidate cache before removing device from domain list"'),
    ['attach-invalidate', 'unmap/nothing-cached-after', 7],
    step(
      'unprogram',
      (after, before, thread) => {
        const at = target(before, thread);
        return before.devices[at]!.link === 'live' ? device(after, at, { link: 'off' }) : after;
      },
      'detach',
    ),
  ),
  race(
    'attached-and-not-listed',
    'An attached device is not on the list of its domain, so no flush reaches it.',
    synthetic('the link left out'),
    ['attach-invalidate', 'unmap/nothing-cached-after', 12],
    step('link', (after, before) => patch(after, { devices: before.devices })),
  ),
  race(
    'entry-freed-on-the-list',
    'The entry of the list is freed, and stays on the list.',
    synthetic('list_del left out before kfree'),
    ['attach-invalidate', USED, 11],
    all(
      step('unlink', (after, before) => patch(after, { devices: before.devices })),
      step('free-link', (after, before, thread) => {
        const at = target(before, thread);
        return before.devices[at]!.link === 'live' ? device(after, at, { link: 'freed' }) : after;
      }),
    ),
  ),
  race(
    'probe-lock-for-the-lookup-alone',
    'Probes look their group up one after the other, and make it at the same time.',
    linux('211ff31b3d33', 'two devices of one new group are probed in parallel'),
    ['probe-probe', 'group/one-object', 6],
    step('look-up', after => world(after, { probeLock: -1 })),
  ),
  race(
    'default-domain-outside-the-lock',
    'The lock of the probes is given back when the device is in its group, before the default domain is made.',
    linux('556f99ac8866', 'the default domain is set under the lock, and attached outside of it'),
    ['probe-probe', 'group/one-default-domain', 12],
    step('join', after => world(after, { probeLock: -1 })),
  ),
  race(
    'default-domain-checked-before-the-lock',
    'Each probe makes a default domain, whether there is one or not, as what it saw may be old.',
    linux('211ff31b3d33', 'two default domains, one of them leaked'),
    ['probe-probe', 'group/one-default-domain', 14],
    step('check-default', (after, _, thread) =>
      patch(after, { threads: patchAt(after.threads, thread, { needs: true }) }),
    ),
  ),
  race(
    'mutex-kept-where-nothing-was-found',
    'An attach that ends gives the mutex of the group not back, and everybody after it waits for ever.',
    synthetic('an error path that returns with the lock held'),
    ['attach-unplug', 'lock/given-back', 8],
    step('unlock-group', sameGroupLock, 'attach'),
  ),
  race(
    'mutex-of-the-device-kept',
    'Removal ends and has not given the mutex of the device back.',
    synthetic('an error path that returns with the lock held'),
    ['attach-unplug', 'lock/given-back', 15],
    step('unlock-device', sameDeviceLock, 'unplug'),
    { 'attach-lock': 'device-mutex' },
  ),
];
