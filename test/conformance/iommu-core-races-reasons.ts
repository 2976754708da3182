// Which clause speaks against each refused trace of the races of iommu-core?

/** By the name of the file. */
export const REFUSED_IN_RACES: { readonly [name: string]: string } = {
  'iommu-core-races-a-device-is-used-after-it-was-freed-under-a-mutex': 'step/find',
  'iommu-core-races-a-driver-is-taken-from-under-its-user': 'step/waits',
  'iommu-core-races-a-finished-thread-gets-on': 'step/finished',
  'iommu-core-races-a-flush-forgets-to-flush': 'step/flush',
  'iommu-core-races-a-flush-passes-a-listed-device-over': 'step/pick',
  'iommu-core-races-a-lock-that-is-free-makes-wait': 'step/lock-group',
  'iommu-core-races-a-thread-ends-too-early': 'step/put-group',
  'iommu-core-races-a-thread-that-is-not-there-gets-on': 'step/finished',
  'iommu-core-races-the-group-goes-under-its-caller': 'step/put-group',
  'iommu-core-races-two-locked-probes-make-two-groups': 'step/make-group',
  'iommu-core-races-two-threads-hold-one-mutex': 'step/waits',
};
