// Do both explorers find the same in every small world of iommu-core and its races?
import { IOMMU_CORE_WORLDS } from '../../../model/worlds/iommu-core.js';
import { IOMMU_CORE_RACE_WORLDS } from '../../../model/worlds/iommu-core-races.js';
import { testBoth } from '../../model/both-explorers.js';

testBoth([...IOMMU_CORE_WORLDS, ...IOMMU_CORE_RACE_WORLDS]);
