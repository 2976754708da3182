// How did Linux 6.1 change the type of a default domain? Only for a device that is alone and has no driver.
import { patch, patchAt } from '../../kit/record.js';
import { type Citation, cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { IN_61 } from '../releases.js';
import { lost, settled } from '../set-domain-6-1.js';
import { on } from '../state/attach.js';
import { automaticOf, type DefaultType, wishOf } from '../state/default-domain.js';
import { membersOf } from '../state/group.js';
import { DEFAULT, type State } from '../state.js';
import { at, done, operation, type Rule, type The } from './chapter.js';

type StoreType = The<'store_type'>;

const STORE = cite('linux-6.1', 'iommu_group_store_type');
const CHANGE = cite('linux-6.1', 'iommu_change_dev_def_domain');
const in61 = (...cited: readonly Citation[]) => ({ ...at(...cited), ...IN_61 });
const { must, mayEnd, mayLeave } = operation('store_type', CHANGE);

/** The one member of the group. */
const device = (s: State, o: StoreType): number => membersOf(s, o.group)[0]!;
const addsQueue = (s: State, o: StoreType): boolean =>
  o.type === 'dma-fq' && s.groups[o.group]!.type === 'dma';

/** What is looked at before anything is done. */
export const askedAlone: readonly Rule<StoreType>[] = [
  must(
    'not-alone',
    'EINVAL',
    'The group has no member, or more than one.',
    (s, o) => membersOf(s, o.group).length !== 1,
    in61(STORE),
  ),
  must(
    'driver-bound',
    'EBUSY',
    'A driver is bound to the device, and more is asked than a flush queue.',
    (s, o) => s.devices[device(s, o)]!.driver !== 'none' && !addsQueue(s, o),
    in61(STORE),
  ),
  must(
    'not-on-default',
    'EBUSY',
    'The group is not on its default domain.',
    (s, o) => s.groups[o.group]!.domain !== DEFAULT,
    in61(CHANGE),
  ),
  must(
    'wants-no-queue',
    'EINVAL',
    'A flush queue is asked for, and the IOMMU driver names another type for the device.',
    (s, o) => addsQueue(s, o) && wishOf(s, device(s, o)) !== undefined,
    in61(CHANGE),
  ),
];

export const typeAlone = (s: State, o: StoreType): DefaultType =>
  o.type === 'auto' || o.type === 'nonsense' ? automaticOf(s, wishOf(s, device(s, o))) : o.type;

/** The one device is on a new default domain, also if its attach was deferred. */
export function exchangedAlone(s: State, o: StoreType, type: DefaultType, p: PolicyValues): State {
  const now = patch(s, {
    devices: patchAt(s.devices, device(s, o), on(s.devices[device(s, o)]!, DEFAULT, p)),
    groups: patchAt(s.groups, o.group, { type }),
  });
  return settled(now, o.group, DEFAULT);
}

export const changedAlone: readonly Rule<StoreType>[] = [
  mayLeave(
    'lone-attach-fails',
    'ENOMEM',
    'The driver fails to attach the device to the new default domain: the old one stays, and the device is off it.',
    (s, o) => {
      const devices = patchAt(s.devices, device(s, o), lost(s, s.devices[device(s, o)]!));
      return [settled(patch(s, { devices }), o.group, DEFAULT)];
    },
    undefined,
    in61(CHANGE),
  ),
  mayEnd(
    'falls-back',
    'A domain of the type asked for cannot be allocated, and one of type DMA can: the device is on a new one of that type.',
    (s, o, p) => done(exchangedAlone(s, o, 'dma', p)),
    (s, o) => typeAlone(s, o) !== 'dma',
    in61(cite('linux-6.1', 'iommu_group_alloc_default_domain')),
  ),
];
