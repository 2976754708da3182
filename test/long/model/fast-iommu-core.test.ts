// Do both explorers find the same in every small world of iommu-core and its races, with every promise kept and every case seen?
import { IOMMU_CORE_WORLDS } from '../../../model/worlds/iommu-core.js';
import { IOMMU_CORE_RACE_WORLDS } from '../../../model/worlds/iommu-core-races.js';
import { testBoth, testHappened } from '../../model/both-explorers.js';

const WORLDS = [...IOMMU_CORE_WORLDS, ...IOMMU_CORE_RACE_WORLDS];
const happened = new Set<string>();

testBoth(WORLDS, happened);
testHappened(WORLDS, happened);
