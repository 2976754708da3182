// Do both explorers find the same in every small world of vfio-type1, with every promise kept and every case seen?
import { VFIO_TYPE1_WORLDS } from '../../../model/worlds/vfio-type1.js';
import { testBoth, testHappened } from '../../model/both-explorers.js';

const happened = new Set<string>();

testBoth(VFIO_TYPE1_WORLDS, happened);
testHappened(VFIO_TYPE1_WORLDS, happened);
