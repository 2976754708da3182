// How does a group get another type of default domain?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { allocates, exchangeFor, negotiated } from '../defaults.js';
import { groupLives } from '../groups.js';
import { retyped } from '../naming.js';
import type { PolicyValues } from '../policies.js';
import { DEFAULT, IDENTITY, NONE, type Op, type State } from '../state.js';
import {
  type Change,
  changed,
  doubleFailures,
  failures,
  forced,
  forcedFailures,
  frozen,
  resetInTheWay,
  resetOfMember,
} from '../transition.js';
import { halfway, OK, type Rule } from './checks.js';

type StoreType = Extract<Op, { op: 'store_type' }>;

const SETUP = cite('linux', 'iommu_setup_default_domain');
const STORE = cite('linux', 'iommu_group_store_type');

const typeOf = (s: State, o: StoreType) => (o.type === 'nonsense' ? null : negotiated(s, o.group, o.type));

const exchange = (s: State, o: StoreType, p: PolicyValues): Change =>
  exchangeFor(s, o.group, typeOf(s, o)!, p);

const typed = (s: State, o: StoreType): State => retyped(s, o.group, typeOf(s, o)!);

/** A reset has kept the group from its first default domain: it is on none yet, and the attach must not fail. */
const nowhere = (s: State, o: StoreType): boolean => s.groups[o.group]!.domain === NONE;
const first = (o: StoreType): Change => ({ group: o.group, to: DEFAULT });

/** The same static domain again: nothing to do. */
const sameDomain = (s: State, o: StoreType): boolean =>
  s.groups[o.group]!.type === 'identity' && typeOf(s, o) === 'identity' && !allocates(s, o.group, 'identity');

/** The static identity domain, on which somebody has put the group before. */
const alreadyThere = (s: State, o: StoreType): boolean =>
  s.groups[o.group]!.domain === IDENTITY && !allocates(s, o.group, typeOf(s, o)!);

const addsQueue = (s: State, o: StoreType) => o.type === 'dma-fq' && s.groups[o.group]!.type === 'dma';

export const storeType: readonly Rule<StoreType>[] = [
  refuse(
    'ENODEV',
    {
      id: 'store_type/no-group',
      says: 'A group that does not exist has no file to write to.',
      cite: [STORE],
    },
    (s, o) => !groupLives(s, o.group),
  ),
  refuse(
    'EACCES',
    {
      id: 'store_type/not-privileged',
      says: 'Only CAP_SYS_ADMIN together with CAP_SYS_RAWIO changes the type.',
      cite: [STORE],
    },
    (_, o) => !o.privileged,
  ),
  refuse(
    'EINVAL',
    {
      id: 'store_type/no-default-domain',
      says: 'A group without a default domain has no type that could change.',
      cite: [STORE],
    },
    (s, o) => s.groups[o.group]!.type === 'none',
  ),
  refuse(
    'EINVAL',
    { id: 'store_type/unknown-word', says: 'Only DMA, DMA-FQ, identity and auto are types.', cite: [STORE] },
    (_, o) => o.type === 'nonsense',
  ),
  refuse(
    'ENOMEM',
    {
      id: 'store_type/no-flush-queue',
      says: 'A flush queue needs memory, which may not be had.',
      cite: [cite('linux', 'iommu_dma_init_fq')],
    },
    addsQueue,
    'may',
  ),
  ending(
    {
      id: 'store_type/flush-queue',
      says: 'A flush queue is added to a DMA domain while it is in use, whoever uses it.',
      cite: [STORE, cite('linux', 'iommu_dma_init_fq')],
    },
    (s, o) => ({ outcome: OK, state: patch(s, { groups: patchAt(s.groups, o.group, { type: 'dma-fq' }) }) }),
    addsQueue,
  ),
  refuse(
    'EPERM',
    {
      id: 'store_type/in-use',
      says: 'Any other change asks that no kernel driver is bound to a member and nobody owns the group.',
      cite: [STORE],
    },
    (s, o) => s.groups[o.group]!.owners > 0,
  ),
  refuse(
    'EINVAL',
    {
      id: 'store_type/drivers-disagree',
      says: 'A type that a driver of a member does not allow is refused.',
      cite: [cite('linux', 'iommu_get_default_domain_type')],
    },
    (s, o) => typeOf(s, o) === null,
  ),
  refuse(
    'ENOMEM',
    { id: 'store_type/no-memory', says: 'The allocation of the new default domain may fail.', cite: [SETUP] },
    (s, o) => allocates(s, o.group, typeOf(s, o)!),
    'may',
  ),
  ending(
    {
      id: 'store_type/same',
      says: 'The static identity domain is exchanged for itself by doing nothing.',
      cite: [SETUP],
    },
    s => ({ outcome: OK, state: s }),
    sameDomain,
  ),
  ending(
    {
      id: 'store_type/already-there',
      says: 'A group that is on the static identity domain gets it for its default domain, and no driver is called: it is there already.',
      cite: [SETUP, cite('linux', '__iommu_group_set_domain_internal: "if (group->domain == new_domain)"')],
    },
    (s, o) => ({ outcome: OK, state: retyped(s, o.group, 'identity') }),
    alreadyThere,
  ),
  halfway(
    'EBUSY',
    {
      id: 'store_type/reset-in-progress',
      says: 'While a device of the group is reset, no change of domain begins that might have to be taken back.',
      cite: [cite('linux-7', '__iommu_group_set_domain_internal: resetting_domain')],
    },
    (s, o) => [nowhere(s, o) ? typed(s, o) : s],
    'must',
    (s, o, p) => (nowhere(s, o) ? resetInTheWay(s, o.group, p) : resetOfMember(s, o.group)),
  ),
  refuse(
    'EBUSY',
    {
      id: 'store_type/pasids-attached',
      says: 'While a PASID is attached, the requester id keeps its domain (policy rid-while-pasid=frozen).',
      cite: [cite('mail-2021', '"it can still generate non-PASID traffic"')],
      status: 'disputed',
    },
    (s, o, p) => frozen(s, o.group, p),
  ),
  halfway(
    'ENOMEM',
    {
      id: 'store_type/attach-fails',
      says: 'A member may not be attached to the new default domain; the others go back to the old one, which stays the default domain.',
      cite: [SETUP],
    },
    (s, o, p) =>
      nowhere(s, o) ? forcedFailures(typed(s, o), first(o), p) : failures(s, exchange(s, o, p), p),
  ),
  halfway(
    'ENOMEM',
    {
      id: 'store_type/rollback-fails',
      says: 'A member may not even go back to the old default domain; without a blocking domain it is left on the new one, which must not be freed then.',
      cite: [cite('linux', 'iommu_setup_default_domain: err_restore_def_domain')],
    },
    (s, o, p) => doubleFailures(s, exchange(s, o, p), p),
  ),
  ending(
    {
      id: 'store_type/changed',
      says: 'The group has a new default domain and is on it; the old one is freed.',
      cite: [SETUP, STORE],
    },
    (s, o, p) => ({
      outcome: OK,
      state: nowhere(s, o)
        ? forced(typed(s, o), first(o), -1, p)
        : changed(typed(s, o), exchange(s, o, p), p),
    }),
  ),
];
