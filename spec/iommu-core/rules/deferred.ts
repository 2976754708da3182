// What is done late: a deferred attach, and what is left of a blocking one?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import { tornDown } from '../set-domain.js';
import { groupOf, hasItsGroup } from '../state/group.js';
import { DEFAULT, NONE } from '../state.js';
import { at, done, OURS, operation, type Rule, type The } from './chapter.js';

const DEFERRED = operation('deferred_attach', cite('linux-6.12-7.2', 'iommu_deferred_attach'));

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
    at(cite('linux-7.2', 'iommu_deferred_attach: gdev->blocked')),
  ),
  DEFERRED.must(
    'no-default-domain',
    'EINVAL',
    'The group has no default domain, or is on another one: the kernel maps nothing for its devices.',
    (s, o) => groupOf(s, o.device).domain !== DEFAULT,
    OURS,
  ),
  DEFERRED.may('attach-fails', 'ENOMEM', 'The driver fails to attach the device, which stays deferred.'),
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
