// Which words do all parts share? The public face of the protocol.
export * from './codec.js';
export * from './errno.js';
export * from './expectations.js';
export * as hardware from './hardware.js';
export * as iommuCore from './iommu-core.js';
export * as iommuCoreRaces from './iommu-core-races.js';
export * as linuxDma from './linux-dma.js';
export * from './observed.js';
export * from './outcome.js';
export * from './profiles.js';
export * from './schema.js';
export * as spaprTce from './spapr-tce.js';
export * as target from './target.js';
export * from './trace.js';
export * as vfio2011 from './vfio-2011.js';
