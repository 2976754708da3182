// What may one operation change, and what must it leave alone?
import type { StepProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { isOld } from '../releases.js';
import { refOf } from '../state/domain.js';
import { coreDomain, hasEntries, onCoreDomain } from '../state/group.js';
import { entryDomain, programmable, programmedDomain } from '../state/pasid.js';
import { BLOCKED, DEFAULT, IDENTITY, NONE, OFF, type Op, ORPHAN, type State } from '../state.js';

type Step = StepProperty<State, Op, PolicyValues>;

const ASK_ONLY: readonly Op['op'][] = [
  'owner_claimed',
  'handle_get',
  'iova_to_phys',
  'dma',
  'capable',
  'aux_pasid',
  'aux_lookup',
];
const ATTACHES: readonly Op['op'][] = ['attach_device', 'attach_group', 'attach_handle'];
const DETACHES: readonly Op['op'][] = ['detach_device', 'detach_group', 'detach_handle'];
const MOVES: readonly Op['op'][] = [
  ...ATTACHES,
  ...DETACHES,
  'replace_group',
  'replace_handle',
  'claim_group',
  'claim_device',
  'release_group',
  'release_device',
  'store_type',
];
/** Operations that may leave a group with a default domain though they are refused: it cannot be taken back. */
const FIRST: readonly Op['op'][] = ['probe', 'setup_default'];

/** Clauses of 6.1 after which a group is on no domain, though its call was refused. */
const ASTRAY = /\/(?:way-back-fails|refused-and-astray)$/;

const homeOf = (s: State, op: Op): number =>
  'group' in op ? op.group : 'device' in op ? (s.devices[op.device]?.home ?? -1) : -1;

/** A map by page-table code that lets a new leaf take the place of old ones. */
const replacesLeaves = (s: State, op: Op): boolean =>
  op.op === 'map' &&
  typeof op.domain === 'number' &&
  (s.instances[s.domains.get(op.domain).instance]?.code ?? 'generic-pt') !== 'generic-pt';

export const steps: readonly Step[] = [
  {
    id: 'question/changes-nothing',
    says: 'To ask changes nothing.',
    cite: [cite('ours', 'ADR-0007: a refusal changes nothing')],
    holds: (before, op, after) => !ASK_ONLY.includes(op.op) || after.state === before,
  },
  {
    id: 'refusal/keeps-the-group',
    says: 'A refused operation leaves every group, its PASID table and all mappings as they were. Only a first default domain stays, and in 6.1 a group whose way back fails is on no domain.',
    cite: [
      cite(
        'linux-6.12-7.2',
        '__iommu_group_set_domain_internal: "the group\'s domain will be set back to the existing domain"',
      ),
    ],
    holds: (before, op, { outcome, state, rule }, p) =>
      outcome.is !== 'refused' ||
      state === before ||
      ASTRAY.test(rule) ||
      FIRST.includes(op.op) ||
      // Map and replace of some releases break something of what was there: docs/findings.md.
      replacesLeaves(before, op) ||
      ((state.pasidTable === before.pasidTable ||
        (p.release === 'linux-6.12' && op.op === 'replace_handle')) &&
        state.leaves === before.leaves &&
        state.groups.every((g, at) => {
          const was = before.groups[at]!;
          return (
            g.domain === was.domain && g.owner === was.owner && g.owners === was.owners && g.type === was.type
          );
        })),
  },
  {
    id: 'refusal/keeps-the-members',
    says: 'A refused operation leaves every member on its domain, but for one that could not be attached to it again, whose attach was deferred, or whose driver has taken it off. In 6.1 a change of domain that fails may leave members off it or on the other one.',
    cite: [cite('linux-6.12-7.2', '__iommu_group_set_domain_internal: err_revert')],
    holds: (before, op, { outcome, state, rule }, p) =>
      outcome.is !== 'refused' ||
      state === before ||
      isOld(p) ||
      FIRST.includes(op.op) ||
      state.devices.every((d, at) => {
        const was = before.devices[at]!;
        if (d.differs && (d.rid === OFF || rule.endsWith('rollback-fails'))) return true;
        return d.rid === was.rid || was.deferred || was.differs || before.groups[d.home]!.domain === NONE;
      }),
  },
  {
    id: 'attach/only-from-the-core',
    says: 'An attach never takes a group from a domain that somebody attached.',
    cite: [cite('linux-6.12-7.2', '__iommu_attach_group')],
    holds: (before, op, { outcome }) =>
      !ATTACHES.includes(op.op) || outcome.is !== 'ok' || onCoreDomain(before, homeOf(before, op)),
  },
  {
    id: 'detach/ends-on-the-core',
    says: "After a detach the group is on the core's own domain, if it has one: the caller may free the other. In 6.1 a driver that fails keeps it from there.",
    cite: [cite('linux-6.12-7.2', '__iommu_group_set_core_domain')],
    holds: (before, op, { outcome, state, rule }, p) => {
      const g = homeOf(before, op);
      if (!DETACHES.includes(op.op) || outcome.is !== 'ok' || g < 0) return true;
      if (rule === 'detach_device/not-attached' || rule === 'detach_device/no-group') return true;
      if (isOld(p) && outcome.warned === true) return true;
      const core = coreDomain(before.groups[g]!);
      return core === NONE || state.groups[g]!.domain === core;
    },
  },
  {
    id: 'release/ends-on-default',
    says: 'After a release that frees the group, the group is on its default domain, if it has one.',
    cite: [cite('linux-6.12-7.2', '__iommu_release_dma_ownership')],
    holds: (before, op, { state, rule }) => {
      if (!/^release_(?:group|device)\/(?:released|attach-fails|nowhere-to-go)$/.test(rule)) return true;
      const g = homeOf(before, op);
      return before.groups[g]!.type === 'none' || state.groups[g]!.domain === DEFAULT;
    },
  },
  {
    id: 'claim/without-pasids',
    says: 'A group is claimed only on its default domain, or on none, and with an empty PASID table.',
    cite: [cite('linux-6.12-7.2', '__iommu_take_dma_ownership')],
    holds: (before, op, { rule }) => {
      if (rule !== 'claim_group/taken' && rule !== 'claim_device/taken') return true;
      const g = homeOf(before, op);
      const { domain, owner, owners } = before.groups[g]!;
      return (domain === DEFAULT || domain === NONE) && owner < 0 && owners === 0 && !hasEntries(before, g);
    },
  },
  {
    id: 'pasid/steady-under-rid',
    says: 'A change of the domain of the requester id leaves every PASID as it is.',
    cite: [cite('mail-2021', '"a PASID is merely an index into a set of iommu_domains"')],
    holds: (before, op, { state }) => !MOVES.includes(op.op) || state.programmed === before.programmed,
  },
  {
    id: 'pasid/attached-means-everywhere',
    says: 'When a PASID has been attached, or exchanged for another domain, every member that knows PASIDs has it so.',
    cite: [cite('linux-7.2', '__iommu_set_group_pasid')],
    holds: (before, op, { outcome, state }) => {
      if ((op.op !== 'attach_pasid' && op.op !== 'replace_pasid') || outcome.is !== 'ok') return true;
      const { home } = state.devices[op.device]!;
      const wanted = entryDomain(state, home, op.pasid);
      if (entryDomain(before, home, op.pasid) === wanted) return true;
      return programmable(state, home).every(at => programmedDomain(state, at, op.pasid) === wanted);
    },
  },
  {
    id: 'domain/no-third',
    says: 'While a group changes its domain, a member is on the old one, the new one, blocking or none, and never on a third.',
    cite: [cite('linux-6.12-7.2', '__iommu_group_set_domain_internal: "DMA prior to and after"')],
    holds: (before, op, { state }) =>
      !MOVES.includes(op.op) ||
      state === before ||
      state.devices.every((d, at) => {
        const was = before.devices[at]!.rid;
        const wanted = state.groups[d.home]!.domain;
        const old = before.groups[d.home]!.domain;
        const names = 'domain' in op && op.domain !== null && !DETACHES.includes(op.op);
        const asked = names ? refOf(before, d.home, op.domain) : coreDomain(before.groups[d.home]!);
        // A new default domain that was not freed after a rollback is an orphan, or, where it is static, identity.
        const given = op.op === 'store_type' ? [ORPHAN, IDENTITY] : [];
        return [was, wanted, old, asked, DEFAULT, BLOCKED, OFF, ...given].includes(d.rid);
      }),
  },
  {
    id: 'direct-map/never-blocked',
    says: 'A device that is known to need a direct map is blocked only by a reset, or when everything else has failed.',
    cite: [cite('linux-6.12-7.2', '__iommu_device_set_domain: require_direct')],
    holds: (before, _, { state }) =>
      state.devices.every((d, at) => {
        const was = before.devices[at]!;
        return d.rid !== BLOCKED || was.rid === BLOCKED || !d.directKnown || d.resets > 0 || d.differs;
      }),
  },
  {
    id: 'bystander/other-groups-unmoved',
    says: 'An operation on one group moves no device of another.',
    cite: [cite('linux-6.12-7.2', '__iommu_group_set_domain_internal')],
    holds: (before, op, { state }) =>
      !MOVES.includes(op.op) ||
      state === before ||
      state.devices.every((d, at) => d.home === homeOf(before, op) || d === before.devices[at]),
  },
];
