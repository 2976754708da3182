// How does a group get another type of default domain?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { isOld, SINCE_612 } from '../releases.js';
import {
  type Change,
  failures,
  forcedFailures,
  frozen,
  mustSetDomain,
  resetHoldsGroup,
  resetHoldsMember,
  setDomain,
} from '../set-domain.js';
import {
  allocates,
  type DefaultType,
  exchangeFor,
  instead,
  negotiated,
  retyped,
} from '../state/default-domain.js';
import { groupLives } from '../state/group.js';
import { DEFAULT, IDENTITY, NONE, type State } from '../state.js';
import { at, done, OURS, operation, type Rule, type The } from './chapter.js';
import { FALLBACK, FROZEN, RESETTING, SETUP } from './default-domain.js';
import { askedAlone, changedAlone, exchangedAlone, typeAlone } from './default-type-6-1.js';
import { told } from './set-domain.js';

type StoreType = The<'store_type'>;

const STORE = cite('linux-6.1-7.2', 'iommu_group_store_type');
const { must, may, mayEnd, ends, mustLeave, mayLeave } = operation('store_type', STORE);

const typeOf = (s: State, o: StoreType) => (o.type === 'nonsense' ? null : negotiated(s, o.group, o.type));
const retypedTo = (s: State, o: StoreType): State => retyped(s, o.group, typeOf(s, o)!);
const toDefault = (o: StoreType): Change => ({ group: o.group, to: DEFAULT });
const exchange = (s: State, o: StoreType, p: PolicyValues): Change =>
  exchangeFor(s, o.group, typeOf(s, o)!, p);

/** A reset has kept the group from its first default domain: it has no domain yet, and the attach must not fail. */
const isFirst = (s: State, o: StoreType): boolean => s.groups[o.group]!.domain === NONE;
const insteadOf = (s: State, o: StoreType) => (o.type === 'auto' ? instead(s, o.group) : undefined);

/** Is the last thing that is tried an allocation? A domain of type DMA that is there is taken as it is. */
const allocatesLast = (s: State, o: StoreType): boolean =>
  insteadOf(s, o) !== 'none' && !(insteadOf(s, o) === 'dma' && s.groups[o.group]!.type === 'dma');

/** The group has a new default domain of this type, and is on it. */
const changedTo = (s: State, o: StoreType, type: DefaultType, p: PolicyValues): State =>
  isFirst(s, o)
    ? mustSetDomain(retyped(s, o.group, type), toDefault(o), p)
    : setDomain(retyped(s, o.group, type), exchangeFor(s, o.group, type, p), p);
const isStatic = (s: State, o: StoreType): boolean => !allocates(s, o.group, typeOf(s, o)!);
const addsQueue = (s: State, o: StoreType) => o.type === 'dma-fq' && s.groups[o.group]!.type === 'dma';

export const storeType: readonly Rule<StoreType>[] = [
  must('no-group', 'ENODEV', 'The group does not exist.', (s, o) => !groupLives(s, o.group), OURS),
  must(
    'not-privileged',
    'EACCES',
    'The caller has not both CAP_SYS_ADMIN and CAP_SYS_RAWIO.',
    (_, o) => !o.privileged,
  ),
  must(
    'no-default-domain',
    'EINVAL',
    'The group has no default domain.',
    (s, o) => s.groups[o.group]!.type === 'none',
  ),
  must(
    'unknown-word',
    'EINVAL',
    'The word is none of DMA, DMA-FQ, identity and auto.',
    (_, o) => o.type === 'nonsense',
  ),
  ...askedAlone,
  may(
    'no-flush-queue',
    'ENOMEM',
    'There is no memory for a flush queue.',
    addsQueue,
    at(cite('linux-6.1-7.2', 'iommu_dma_init_fq')),
  ),
  ends(
    'flush-queue',
    'A flush queue is added to a DMA domain while it is in use, whoever uses it.',
    (s, o) => done(patch(s, { groups: patchAt(s.groups, o.group, { type: 'dma-fq' }) })),
    addsQueue,
    at(STORE, cite('linux-6.1-7.2', 'iommu_dma_init_fq')),
  ),
  must(
    'in-use',
    'EPERM',
    'A kernel driver is bound to a member, or somebody owns the group.',
    (s, o) => s.groups[o.group]!.owners > 0,
    SINCE_612,
  ),
  must(
    'drivers-disagree',
    'EINVAL',
    'The IOMMU driver does not allow the type for a member.',
    (s, o) => typeOf(s, o) === null,
    at(
      cite('linux-6.12-7.2', 'iommu_get_default_domain_type'),
      cite('linux-6.1', 'iommu_change_dev_def_domain'),
    ),
  ),
  ends(
    'same',
    'The default domain has this type already: nothing changes, and no driver is called.',
    s => done(s),
    (s, o) => s.groups[o.group]!.type === typeOf(s, o),
    at(
      cite('linux-6.12-7.2', '__iommu_group_alloc_default_domain: group->default_domain->type == req_type'),
      cite('linux-6.1', 'iommu_change_dev_def_domain'),
    ),
  ),
  may(
    'no-memory',
    'ENOMEM',
    'The allocation of the new default domain fails, or, in 6.1, that of a direct map in it.',
    (s, o, p) => !isStatic(s, o) && (isOld(p) || allocatesLast(s, o)),
    at(SETUP, cite('linux-6.1', 'iommu_group_alloc_default_domain')),
  ),
  may(
    'no-default',
    'EINVAL',
    'The word is auto, no driver asks for a type, and a domain of type DMA cannot be allocated, for whatever reason.',
    (s, o) => insteadOf(s, o) === 'none',
    { ...at(FALLBACK), ...SINCE_612 },
  ),
  ...changedAlone,
  ends(
    'already-there',
    'The group is on the static identity domain, which becomes its default domain: no driver is called.',
    (s, o) => done(retyped(s, o.group, 'identity')),
    (s, o) => s.groups[o.group]!.domain === IDENTITY && isStatic(s, o),
    {
      ...at(
        SETUP,
        cite('linux-6.12-7.2', '__iommu_group_set_domain_internal: "if (group->domain == new_domain)"'),
      ),
      ...SINCE_612,
    },
  ),
  mustLeave(
    'reset-in-progress',
    'EBUSY',
    'A device of the group is being reset, and the change of domain might have to be rolled back.',
    (s, o) => [isFirst(s, o) ? retypedTo(s, o) : s],
    (s, o, p) => (isFirst(s, o) ? resetHoldsGroup(s, o.group, p) : resetHoldsMember(s, o.group)),
    { ...at(RESETTING), ...SINCE_612 },
  ),
  must(
    'pasids-attached',
    'EBUSY',
    'A PASID is attached, so the requester id keeps its domain (policy rid-while-pasid=frozen).',
    (s, o, p) => frozen(s, o.group, p),
    { ...FROZEN, ...SINCE_612 },
  ),
  told(
    mayLeave,
    'attach-fails',
    'ENOMEM',
    'The driver fails to attach a member to the new default domain; the others are attached to the old one again, which stays the default domain.',
    (s, o, p) =>
      isFirst(s, o)
        ? forcedFailures(retypedTo(s, o), toDefault(o), p).map(state => ({ state, warned: true }))
        : failures(s, exchange(s, o, p), p, 'driver', false),
    { ...at(SETUP), ...SINCE_612 },
  ),
  told(
    mayLeave,
    'rollback-fails',
    'ENOMEM',
    'In the rollback the driver fails to attach a member to the old default domain. Without a blocking domain it stays on the new one, which must not be freed.',
    (s, o, p) => failures(s, exchange(s, o, p), p, 'driver', true),
    {
      ...at(cite('linux-6.12-7.2', 'iommu_setup_default_domain: err_restore_def_domain')),
      ...SINCE_612,
    },
  ),
  mayEnd(
    'dma-instead',
    'The word is auto, no driver asks for a type, and the new default domain cannot be allocated: it is one of type DMA, which may be there already.',
    (s, o, p) => done(s.groups[o.group]!.type === 'dma' ? s : changedTo(s, o, 'dma', p)),
    (s, o) => insteadOf(s, o) === 'dma',
    { ...at(FALLBACK), ...SINCE_612 },
  ),
  ends(
    'changed',
    'The group has a new default domain and is on it; the old one is freed.',
    (s, o, p) =>
      done(isOld(p) ? exchangedAlone(s, o, typeAlone(s, o), p) : changedTo(s, o, typeOf(s, o)!, p)),
    undefined,
    at(SETUP, STORE, cite('linux-6.1', 'iommu_change_dev_def_domain')),
  ),
];
