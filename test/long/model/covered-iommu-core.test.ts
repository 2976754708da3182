// Does the implementation of iommu-core follow every transition of each world, as far as it can be gone through?
import { IOMMU_CORE_WORLDS } from '../../../model/worlds/iommu-core.js';
import { passable, testCovered } from '../../model/covered.js';

testCovered(passable(IOMMU_CORE_WORLDS));
