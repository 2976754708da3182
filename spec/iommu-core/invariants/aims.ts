// What does each side of a debate ask for? Not promised by the default law; a debate's verdict tells.
import type { Profile } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { capableOfPasids } from '../state/pasid.js';
import { nextNumber } from '../state/pasid-number.js';
import type { Op, Setup, State } from '../state.js';

type Aims = Profile<State, Op, PolicyValues, Setup>['aims'];

export const aims: Aims = {
  always: [
    {
      id: 'sva/number-means-the-process',
      says: 'The PASID of an address space is attached to nothing else on any device, so an instruction that carries it can go to all of them.',
      cite: [
        cite('linux-6.12-7.2', 'iommu_alloc_global_pasid: "global PASID"'),
        cite('mail-2021', '"only that the device driver and IOMMU driver are in sync"'),
      ],
      holds: s =>
        s.mms.every(
          (m, mm) =>
            m.pasid === 0 ||
            s.programmed.reduce(
              (fine: boolean, p, key) =>
                fine && (key % s.machine.pasidSpan !== m.pasid || p.domain === -16 - mm),
              true,
            ),
        ),
    },
    {
      id: 'pasid/own-numbers-suffice',
      says: 'A device on which nothing is attached to a PASID can be given one, whatever others use.',
      cite: [cite('mail-2021', '"which again nobody else ever sees"')],
      holds: (s, p) =>
        s.devices.every((d, at) => {
          if (!d.member || !capableOfPasids(s, d)) return true;
          const first = at * s.machine.pasidSpan;
          const next = s.programmed.ceiling(first);
          const busy = next >= 0 && next < first + s.machine.pasidSpan;
          return busy || nextNumber(s, at, p) > 0;
        }),
    },
  ],
  steps: [
    {
      id: 'aux/one-number-fits-all-devices',
      says: 'An aux domain is never refused to a device because its number is used there.',
      cite: [cite('mail-2020', '"a list of physical devices which are attached to the domain"')],
      holds: (_, __, { rule }) => rule !== 'aux_attach/pasid-used',
    },
    {
      id: 'rid/changes-beside-pasids',
      says: 'The domain of the requester id can be changed while PASIDs are attached.',
      cite: [
        cite('mail-2021', '"the regular iommu_domain might be explicitly-managed or might be automatic"'),
      ],
      holds: (_, __, { rule }) => !rule.endsWith('/pasids-attached'),
    },
    {
      id: 'refusal/leaves-nobody-astray',
      says: "After a refused change of domain every member is on its group's domain.",
      cite: [cite('linux-6.12-7.2', '__iommu_group_set_domain_internal: err_revert')],
      holds: (before, _, { outcome, state }) =>
        outcome.is !== 'refused' || state.devices.every((d, at) => !d.differs || before.devices[at]!.differs),
    },
    {
      id: 'refusal/keeps-dma-going',
      says: 'After a refused change of domain the group is still on the domain that it was on.',
      cite: [cite('mail-2022', '"replace the domain of an iommu group for frameworks like vfio"')],
      holds: (before, op, { outcome, state }) =>
        outcome.is !== 'refused' ||
        op.op === 'probe' ||
        op.op === 'setup_default' ||
        state.groups.every((g, at) => g.domain === before.groups[at]!.domain),
    },
    {
      id: 'free/never-refused-after-detach',
      says: 'A domain that was detached everywhere can be freed.',
      cite: [cite('linux-6.12-7.2', 'iommu_domain_free')],
      holds: (_, __, { rule }) => rule !== 'free_domain/hardware-on-it',
    },
  ],
  lives: [],
};
