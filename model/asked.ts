// What did the mails ask of the IOMMU core, and which run or which policy answers?

/** How a question is answered: by a debate of its own, by what a world comes by or never does, or not at all. */
export type Answer =
  | { readonly policy: string }
  | { readonly world: string; readonly comesBy: string; readonly policies?: Values }
  | { readonly world: string; readonly keeps: string; readonly policies?: Values }
  | { readonly world: string; readonly breaks: string; readonly policies?: Values }
  | { readonly leftOut: string };

type Values = { readonly [policy: string]: string };

export interface Question {
  readonly mail: 'mail-2022' | 'mail-2021' | 'mail-2020' | 'mail-2022-ppc';
  readonly asks: string;
  readonly says: string;
  readonly answers: readonly Answer[];
}

const ask = (
  mail: Question['mail'],
  asks: string,
  says: string,
  ...answers: readonly Answer[]
): Question => ({ mail, asks, says, answers });

const REPRESENTATIVE = { 'attach-by': 'representative-device' };

export const QUESTIONS: readonly Question[] = [
  ask(
    'mail-2022',
    '"why should we invent some special mechanism for VFIO to be needlessly inconsistent?"',
    'Because VFIO holds the group and not a device: the special mechanism is the one that has something to hold on to.',
    { policy: 'attach-by' },
  ),
  ask(
    'mail-2022',
    '"iommu_{attach,detach}_device() operate on the device\'s whole group where relevant"',
    'By device only a device that is alone is moved; a group moves as a whole, and through the group.',
    { world: 'drivers', comesBy: 'attach_device/not-alone' },
    { world: 'handles', comesBy: 'attach_group/attached' },
  ),
  ask(
    'mail-2022',
    '"how does locking work there? What keeps busdev from being concurrently unplugged?"',
    'Nothing does, unless the group is held and its mutex taken before a device is looked for.',
    { policy: 'attach-lock' },
  ),
  ask(
    'mail-2022',
    '"How can iommu_group_get() be safely called on this pointer?"',
    'Not on a device that nobody keeps: its memory is gone before its group is read. On a device that the caller has open it can, without any lock.',
    { world: 'attach-unplug', breaks: 'nothing-freed/is-used', policies: REPRESENTATIVE },
    {
      world: 'attach-while-open',
      keeps: 'nothing-freed/is-used',
      policies: { ...REPRESENTATIVE, 'attach-lock': 'none' },
    },
  ),
  ask(
    'mail-2022',
    '"domain = iommu_group_alloc_domain(group)"',
    'The group knows a device whose driver makes the domain. A bus does not: its domain has no format before its first attach, and where two drivers are on the bus it cannot be had.',
    { world: 'no-static-blocked', comesBy: 'alloc_by_group/made' },
    { world: 'tables-drafts', comesBy: 'map/no-format' },
    { world: 'strangers', comesBy: 'alloc_by_bus/two-drivers' },
  ),
  ask(
    'mail-2022',
    '"moving the domain alloc to VFIO_GROUP_GET_DEVICE_FD where we have a struct device to use"',
    'With a device at hand that cannot be unplugged, a domain is allocated by device, and no lock of the core is asked for.',
    { world: 'two-bridges', comesBy: 'alloc_by_device/made' },
    { world: 'attach-while-open', keeps: 'nothing-freed/is-used', policies: { 'attach-lock': 'none' } },
  ),
  ask(
    'mail-2022',
    '"The remaining VFIO use of bus for iommu_capable() is better done against the domain or the group object"',
    'A device, a group and a domain can be asked, and no bus: devices of one bus may be behind IOMMUs that can different things.',
    { world: 'strangers', comesBy: 'capable/group' },
    { world: 'strangers', comesBy: 'capable/domain' },
  ),
  ask(
    'mail-2022',
    '"come up with an alternative way to change the attached domain on the fly"',
    'A replace goes from any domain to any other, and no member sees a third one on the way; what is left when it fails is a debate of its own.',
    { world: 'no-static-blocked', comesBy: 'replace_group/replaced' },
    { world: 'handles', keeps: 'domain/no-third' },
    { policy: 'failed-replace' },
  ),
  ask(
    'mail-2022',
    '"trying to take the dev->mutex might be a bit heavy-handed and risky"',
    'It is: an unplug holds the mutex while it waits for a user who waits for the mutex.',
    { world: 'attach-while-open', breaks: 'threads/all-finish', policies: { 'attach-lock': 'device-mutex' } },
  ),
  ask(
    'mail-2021',
    '"it doesn\'t even really matter *who* allocates them"',
    'It does not, for what is promised; it does for what one number can be used for.',
    { policy: 'pasid-allocator' },
  ),
  ask(
    'mail-2021',
    '"it can still generate non-PASID traffic for stuff like loading its firmware"',
    'That traffic keeps a domain of its own, which may change.',
    { policy: 'rid-while-pasid' },
  ),
  ask(
    'mail-2021',
    '"when one of them becomes the primary all the remaining are deemed as auxiliary"',
    "A device has aux domains beside its own default domain. With aux domains switched on, no user's domain becomes its primary one.",
    { world: 'aux', comesBy: 'aux_attach/attached' },
    { world: 'aux', comesBy: 'attach_group/assigned-by-parts' },
  ),
  ask(
    'mail-2021',
    '"If it is entirely within the kernel I\'m confused how mdev gets involved?"',
    'It need not: an aux domain is attached past every mediated device, in a machine that has none.',
    { world: 'pasid-numbers', comesBy: 'aux_attach/attached' },
  ),
  ask(
    'mail-2021',
    '"that API to make a PASID == RID seems like a better answer"',
    'PASID 0 is the requester id itself. It is attached as such, and never as a PASID.',
    { world: 'pasids', comesBy: 'attach_pasid/pasid-zero' },
  ),
  ask(
    'mail-2021',
    '"you can\'t compose it with the DMA API unless you also attach it to some struct device"',
    'Not answered.',
    { leftOut: "what the kernel's own DMA mappings translate is not modelled (docs/left-out.md)" },
  ),
  ask(
    'mail-2020',
    '"Why wouldn\'t the aux domain flag be on the domain itself rather than the group?"',
    'It should be: a flag on the group is left over.',
    { policy: 'aux-flag' },
  ),
  ask(
    'mail-2020',
    '"if we wanted sanity checking in patch 1/ we\'d only need to test the flag on the object we\'re provided"',
    'Both are tested: the group of a mediated device has one domain, and the device has its feature on.',
    { world: 'aux', comesBy: 'aux_attach/mediated-attached' },
    { world: 'aux', comesBy: 'aux_attach/off' },
  ),
  ask(
    'mail-2020',
    '"it will give us the primary domain of parent device"',
    'The parent has no aux domain of its own to be found; the mediated device finds the domain and the PASID.',
    { world: 'aux', comesBy: 'aux_lookup/not-mediated' },
    { world: 'aux', comesBy: 'aux_lookup/found' },
  ),
  ask(
    'mail-2020',
    '"Is this the IOMMU layer or the VT-d driver?"',
    'Whoever manages the domains of a parent has to count them by domain and device: one number for each domain, while some device uses it.',
    { world: 'aux', keeps: 'pasid/aux-domain-has-one-while-used' },
  ),
  ask('mail-2022-ppc', '"Is this missing a refcount get on the group?"', 'Yes.', {
    policy: 'device-group-reference',
  }),
  ask(
    'mail-2022-ppc',
    '"It is important when this returns that the iommu translation is all emptied"',
    'Otherwise the new owner reaches what the kernel mapped.',
    { policy: 'blocking-attach' },
  ),
];
