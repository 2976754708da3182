// Do both explorers find the same in every small world of vfio-type1?
import { VFIO_TYPE1_WORLDS } from '../../../model/worlds/vfio-type1.js';
import { testBoth } from '../../model/both-explorers.js';

testBoth(VFIO_TYPE1_WORLDS);
