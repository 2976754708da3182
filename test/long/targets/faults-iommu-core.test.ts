// Is every seeded fault of the implementation of iommu-core found by calls from outside?
import { faultsFoundFromOutside } from '../../targets/fault-lane.js';

faultsFoundFromOutside('iommu-core');
