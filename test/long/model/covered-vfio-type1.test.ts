// Does the implementation of vfio-type1 follow every transition of each world, as far as it can be gone through?
import { VFIO_TYPE1_WORLDS } from '../../../model/worlds/vfio-type1.js';
import { passable, testCovered } from '../../model/covered.js';

testCovered(passable(VFIO_TYPE1_WORLDS));
