// Which questions did the mails leave open about the IOMMU core, and what was said for each answer?
import type { Policy } from '../law/profile.js';
import { cite } from '../law/sources.js';
import type { ReleaseName } from './releases.js';

/** The chosen answer to each open question. */
export type PolicyValues = {
  readonly release: ReleaseName;
  readonly 'aux-flag': 'domain' | 'group';
  readonly 'pasid-allocator': 'core-global' | 'per-device' | 'device-driver';
  readonly 'rid-while-pasid': 'independent' | 'frozen' | 'torn-down';
  readonly 'blocking-attach': 'emptied' | 'may-return-early';
  readonly 'device-group-reference': 'taken' | 'borrowed';
  readonly 'failed-replace': 're-attach' | 'park-on-blocking';
  readonly 'free-trusts-detach': 'no' | 'yes';
  readonly 'reset-state': 'per-device' | 'per-group';
};

export const POLICIES: readonly Policy[] = [
  {
    name: 'aux-flag',
    question: 'What records that a mediated device uses an aux domain?',
    cite: [
      cite('mail-2020', '"Why wouldn\'t the aux domain flag be on the domain itself rather than the group?"'),
    ],
    values: [
      {
        value: 'domain',
        says: 'on the domain, which knows whether it is attached as an aux domain and to whom',
        argument:
          'The domain should be the source of knowledge: whoever attaches and detaches it, also past the group, changes the one place where it is looked up.',
      },
      {
        value: 'group',
        says: "on the mediated device's group, as a flag beside its domain pointer",
        argument:
          'The domain has no knowledge of mediated devices, only of the physical ones that it is attached to; to record it in the group looks simpler.',
      },
    ],
  },
  {
    name: 'pasid-allocator',
    question: 'Who hands out PASIDs?',
    cite: [cite('mail-2021', '"it doesn\'t even really matter *who* allocates them"')],
    values: [
      {
        value: 'core-global',
        says: 'the core, from one space for the whole machine',
        argument:
          'A process has one PASID wherever it runs, which instructions that carry it (ENQCMD) need; nobody can mistake one for another.',
      },
      {
        value: 'per-device',
        says: 'the core, from a space of each device',
        argument:
          "A PASID is an index into a device's set of domains; another device's indices are no concern of it.",
      },
      {
        value: 'device-driver',
        says: 'whoever attaches: every number that the device supports may be used, and none is handed out',
        argument:
          'Only the device driver and the IOMMU driver have to be in sync; a third party adds nothing.',
      },
    ],
  },
  {
    name: 'rid-while-pasid',
    question: 'What becomes of the traffic without a PASID while PASIDs are attached?',
    cite: [
      cite('mail-2021', '"it can still generate non-PASID traffic for stuff like loading its firmware"'),
    ],
    values: [
      {
        value: 'independent',
        says: 'it has a domain of its own, which may change; the PASIDs do not notice',
        argument:
          'A PASID is merely an index into a set of domains, and the requester id alone is one more index.',
      },
      {
        value: 'frozen',
        says: 'it keeps its domain until the last PASID is detached',
        argument:
          'In hardware both hang off one context entry; exchanging it under live PASIDs is the hard case, so nobody has to get it right.',
      },
      {
        value: 'torn-down',
        says: 'attaching another domain to the requester id programs a fresh context entry, without the PASIDs',
        argument: 'A driver of one domain for each device has no code for anything else.',
      },
    ],
  },
  {
    name: 'blocking-attach',
    question:
      'May the attach of a blocking domain return while translations of the domain before are still in use?',
    cite: [
      cite('mail-2022-ppc', '"It is important when this returns that the iommu translation is all emptied"'),
    ],
    values: [
      {
        value: 'emptied',
        says: 'no: when it returns nothing of the domain before is translated any more',
        argument: 'It will turn into a security problem to allow kernel mappings to leak past this point.',
      },
      {
        value: 'may-return-early',
        says: 'yes: an attach that does nothing is fine where others take care of live mappings before',
        argument: 'Taking ownership of the tables already checks that there is no active DMA mapping.',
      },
    ],
  },
  {
    name: 'device-group-reference',
    question: "Does the driver's device_group call take a reference of the group that it returns?",
    cite: [cite('mail-2022-ppc', '"Is this missing a refcount get on the group?"')],
    values: [
      {
        value: 'taken',
        says: 'yes: each member holds the group',
        argument:
          'The core drops one reference for each device that leaves, so each device that joins must bring one.',
      },
      {
        value: 'borrowed',
        says: 'no: it returns the pointer that the host bridge has',
        argument: 'The bridge lives longer than its devices, and holds the group itself.',
      },
    ],
  },
  {
    name: 'failed-replace',
    question: 'When a member of a group cannot be attached, what happens to the members that already were?',
    cite: [
      cite('linux-6.12-7.2', '__iommu_group_set_domain_internal: err_revert'),
      cite('mail-2022', '"replace the domain of an iommu group"'),
    ],
    values: [
      {
        value: 're-attach',
        says: 'they are attached to the old domain again',
        argument: 'Whoever asked finds everything as it was, and may try another domain.',
      },
      {
        value: 'park-on-blocking',
        says: 'the whole group is put on its blocking domain',
        argument: 'A static blocked domain cannot fail to attach, so the unwinding needs no unwinding.',
      },
    ],
  },
  {
    name: 'free-trusts-detach',
    question:
      'May a domain be freed when its detach has returned, although a device could not be moved off it?',
    cite: [cite('linux-6.12-7.2', '__iommu_device_set_domain: "in hopes of avoiding a UAF"')],
    values: [
      {
        value: 'no',
        says: 'no: a domain that some device is still on is not freed',
        argument: 'The hardware walks the tables of a domain until it is attached to another one.',
      },
      {
        value: 'yes',
        says: 'yes: detach cannot fail, so nobody is on it',
        argument: 'Drivers should implement blocking domains that cannot fail; the core need not count.',
      },
    ],
  },
  {
    name: 'reset-state',
    question: 'While a device is reset, whose attachments must wait?',
    cite: [cite('linux-7.2', 'pci_dev_reset_iommu_prepare; the group_device field blocked')],
    values: [
      {
        value: 'per-device',
        says: 'those of the device: resets nest, and what must succeed goes on for the others and is carried out for it when the reset ends',
        argument:
          'Another member has nothing to do with the reset, and a detach that may fail leaves a dangling domain.',
      },
      {
        value: 'per-group',
        says: 'those of the whole group: one reset at a time, and every change of domain is refused meanwhile, a detach as well',
        argument: 'One pointer in the group is enough, and a caller who is refused may try again.',
      },
    ],
  },
];
