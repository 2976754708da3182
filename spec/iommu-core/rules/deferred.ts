// What is done late: a deferred attach, and what is left of a blocking one?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { IN_61, isOld, SINCE_612 } from '../releases.js';
import { settled } from '../set-domain-6-1.js';
import { off, tornDown } from '../state/attach.js';
import { groupOf, hasItsGroup, homeOf } from '../state/group.js';
import { DEFAULT, NONE, type State } from '../state.js';
import { at, done, OURS, operation, type Rule, type The } from './chapter.js';

const DEFERRED = operation('deferred_attach', cite('linux-6.1-7.2', 'iommu_deferred_attach'));

/** Its flag is cleared before anything is tried. */
const losesFlag = (s: State, o: The<'deferred_attach'>, p: PolicyValues): boolean =>
  isOld(p) && s.instances[s.devices[o.device]!.instance]!.code === 'amd';

export const deferredAttach: readonly Rule<The<'deferred_attach'>>[] = [
  DEFERRED.ends(
    'not-deferred',
    'The attach of the device is not deferred, or is done.',
    s => done(s),
    (s, o) => !hasItsGroup(s, o.device) || !s.devices[o.device]!.deferred,
  ),
  DEFERRED.must(
    'reset-in-progress',
    'EBUSY',
    'The device is being reset: it is not attached, and its mapping fails.',
    (s, o, p) =>
      s.devices[o.device]!.resets > 0 ||
      (p['reset-state'] === 'per-group' && groupOf(s, o.device).resetting >= 0),
    { ...at(cite('linux-7.2', 'iommu_deferred_attach: gdev->blocked')), ...SINCE_612 },
  ),
  DEFERRED.must(
    'no-default-domain',
    'EINVAL',
    'The group has no default domain, or is on another one: the kernel maps nothing for its devices.',
    (s, o) => groupOf(s, o.device).domain !== DEFAULT,
    OURS,
  ),
  DEFERRED.may(
    'attach-fails',
    'ENOMEM',
    'The driver fails to attach the device, which stays deferred.',
    (s, o, p) => !losesFlag(s, o, p),
  ),
  DEFERRED.mayLeave(
    'deferral-ends',
    'ENOMEM',
    "The driver is AMD's, and fails to attach the device, whose attach is deferred no longer.",
    (s, o) => [
      settled(
        patch(s, { devices: patchAt(s.devices, o.device, off(s.devices[o.device]!)) }),
        homeOf(s, o),
        DEFAULT,
      ),
    ],
    losesFlag,
    { ...at(cite('linux-6.1', 'amd_iommu_attach_device: defer_attach')), ...IN_61 },
  ),
  DEFERRED.ends('attached', 'The one device is attached to the default domain.', (s, o, p) =>
    done(
      patch(s, {
        devices: patchAt(s.devices, o.device, { rid: DEFAULT, deferred: false }),
        programmed: tornDown(s, [o.device], p),
      }),
    ),
  ),
];

const SETTLE = operation('settle', cite('mail-2022-ppc', '"take care of not having active DMA mappings"'));

export const settle: readonly Rule<The<'settle'>>[] = [
  SETTLE.ends(
    'done',
    'The stale translations that a blocking attach left behind are invalidated.',
    (s, o) =>
      done(
        (s.devices[o.device]?.stale ?? NONE) === NONE
          ? s
          : patch(s, { devices: patchAt(s.devices, o.device, { stale: NONE }) }),
      ),
    undefined,
    { status: 'disputed' },
  ),
];
