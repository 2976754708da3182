// What does the implementation offer to a project that lifts it out? Its public face; it imports nothing else.
export * as errno from './errno.js';
export { IommuCore } from './iommu-core/machine.js';
export { Iotlb } from './iotlb/iotlb.js';
export { Translator } from './iotlb/translator.js';
export { PageArena } from './radix/arena.js';
export { RadixTable } from './radix/table.js';
export { SpaprTce } from './spapr-tce/machine.js';
export { TceArena } from './tce/arena.js';
export { newTable as newTceTable } from './tce/kinds.js';
export type { TceTable } from './tce/table.js';
export { Vfio2011 } from './vfio-2011/machine.js';
export { VfioType1 } from './vfio-type1/machine.js';
