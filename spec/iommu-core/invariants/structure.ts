// What is true of groups, domains and PASIDs in every state, whoever asks?
import type { StateProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { fits } from '../state/domain.js';
import { groupLives, membersOf } from '../state/group.js';
import { auxUse } from '../state/leave.js';
import { leafAt } from '../state/page-table.js';
import { BLOCKED, FREED, NONE, OFF, type Ref, type State, SVA } from '../state.js';

type Always = StateProperty<State, PolicyValues>;

const count = (s: State, g: number): number =>
  membersOf(s, g).length + s.references.reduce((n: number, r) => (r.group === g ? n + 1 : n), 0);

export const structure: readonly Always[] = [
  {
    id: 'group/every-holder-counted',
    says: "A group's count is the number of its members and of the references that somebody holds.",
    cite: [cite('linux-6.12-7.2', 'iommu_group_alloc, iommu_group_put')],
    holds: s => s.groups.every((g, at) => g.refs === count(s, at)),
  },
  {
    id: 'group/lives-while-held',
    says: 'No member and no reference points to a freed group.',
    cite: [cite('linux-6.12-7.2', 'iommu_group_release')],
    holds: s => s.groups.every((_, at) => groupLives(s, at) || count(s, at) === 0),
  },
  {
    id: 'domain/freed-is-not-used',
    says: 'No group, device or PASID points to a freed domain.',
    cite: [cite('linux-6.12-7.2', '__iommu_device_set_domain: "in hopes of avoiding a UAF"')],
    holds: s =>
      s.groups.every(g => g.domain !== FREED) &&
      s.devices.every(d => d.rid !== FREED && d.stale !== FREED) &&
      s.pasidTable.reduce((fine: boolean, e) => fine && e.domain !== FREED, true) &&
      s.programmed.reduce((fine: boolean, e) => fine && e.domain !== FREED, true),
  },
  {
    id: 'domain/fits-its-devices',
    says: 'No device is on a domain that its IOMMU instance cannot translate by.',
    cite: [cite('linux-7.2', '__iommu_attach_group: domain_iommu_ops_compatible')],
    holds: s => s.devices.every(d => d.rid < 0 || d.instance < 0 || fits(s, s.instances[d.instance]!, d.rid)),
  },
  {
    id: 'member/is-where-its-group-is',
    says: "Every member is on its group's domain, unless it is deferred, being reset, or an attach of it failed. Where the group has no domain, a member may be blocked or off.",
    cite: [
      cite('linux-6.12-7.2', '__iommu_group_set_domain_internal'),
      cite('linux-7.2', 'pci_dev_reset_iommu_done'),
    ],
    holds: s =>
      s.devices.every(
        d =>
          !d.member ||
          d.parent >= 0 ||
          d.deferred ||
          d.differs ||
          d.resets > 0 ||
          d.rid === s.groups[d.home]!.domain ||
          ((d.rid === BLOCKED || d.rid === OFF) && s.groups[d.home]!.domain === NONE),
      ),
  },
  {
    id: 'pasid/programmed-as-written',
    says: "A PASID of a device is attached as its group's PASID table says, or to an aux domain.",
    cite: [cite('linux-7.2', 'iommu_attach_device_pasid'), cite('linux-5.10', 'aux_domain_add_dev')],
    holds: s =>
      s.programmed.reduce((fine: boolean, { domain }, key) => {
        const device = Math.floor(key / s.machine.pasidSpan);
        const pasid = key % s.machine.pasidSpan;
        const home = s.devices[device]!.home;
        const inTable = s.pasidTable.get(home * s.machine.pasidSpan + pasid).domain === domain;
        return fine && (inTable || isAux(s, device, pasid, domain));
      }, true),
  },
  {
    id: 'pasid/aux-domain-has-one-while-used',
    says: 'A domain has an aux PASID exactly while some device has it as an aux domain.',
    cite: [cite('linux-5.10', 'aux_domain_add_dev, aux_domain_remove_dev')],
    holds: s =>
      s.domains.reduce((fine: boolean, d, key) => {
        const used = s.auxUses.reduce(
          (found: boolean, _, use) => found || Math.floor(use / s.devices.length) === key,
          false,
        );
        return fine && d.pasid > 0 === used;
      }, true),
  },
  {
    id: 'pasid/bond-is-written-down',
    says: "An address space is in a group's PASID table exactly under its own PASID, and exactly while it has a bond.",
    cite: [cite('linux-6.12-7.2', 'iommu_sva_bind_device')],
    holds: s =>
      s.groups.every((_, g) =>
        s.mms.every((m, mm) => {
          const keys = s.pasidTable.reduce(
            (found: readonly number[], e, key) =>
              e.domain === SVA - mm && Math.floor(key / s.machine.pasidSpan) === g ? [...found, key] : found,
            [],
          );
          if (!s.bonds.has(mm * s.groups.length + g)) return keys.length === 0;
          return m.pasid > 0 && keys.length === 1 && keys[0] === g * s.machine.pasidSpan + m.pasid;
        }),
      ),
  },
  {
    id: 'pasid/one-purpose',
    says: 'Where all numbers are of one space, none stands for two processes, two aux domains, or one of each.',
    cite: [
      cite('linux-6.12-7.2', 'iommu_alloc_global_pasid'),
      cite('linux-5.10', 'aux_domain_add_dev: ioasid_alloc'),
    ],
    holds: (s, p) => {
      if (p['pasid-allocator'] !== 'core-global') return true;
      const aux = s.domains.reduce((all: readonly number[], d) => [...all, d.pasid], []);
      const given = [...s.mms.map(m => m.pasid), ...aux].filter(pasid => pasid > 0);
      return new Set(given).size === given.length;
    },
  },
  {
    id: 'reset/of-a-member',
    says: 'A group that waits for the end of a reset waits for a member that is being reset.',
    cite: [cite('linux-7.2', 'pci_dev_reset_iommu_done: recovery_cnt')],
    holds: s =>
      s.groups.every(({ resetting }, g) => {
        const d = s.devices[resetting];
        return d === undefined || (d.member && d.home === g && d.resets > 0);
      }),
  },
  {
    id: 'map/leaves-are-disjoint',
    says: 'No page of a domain is translated twice.',
    cite: [cite('linux-6.12-7.2', 'arm_lpae_init_pte: EEXIST')],
    holds: s =>
      s.leaves.reduce((fine: boolean, _, key) => {
        const domain = Math.floor(key / s.machine.pageSpan);
        const page = key % s.machine.pageSpan;
        return fine && (page === 0 || leafEnds(s, domain, page - 1) <= page);
      }, true),
  },
];

const isAux = (s: State, device: number, pasid: number, domain: Ref): boolean =>
  domain > NONE && s.domains.get(domain).pasid === pasid && s.auxUses.has(auxUse(s, domain, device));

/** The page behind the leaf that translates this page; the page itself where none does. */
const leafEnds = (s: State, domain: number, page: number): number => {
  const at = leafAt(s, domain, page);
  return at < 0 ? page : at + s.leaves.get(domain * s.machine.pageSpan + at).pages;
};
