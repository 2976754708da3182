// Does the implementation of vfio-2011 follow every transition of each world, as far as it can be gone through?
import { VFIO_2011_WORLDS } from '../../../model/worlds/vfio-2011.js';
import { passable, testCovered } from '../../model/covered.js';

testCovered(passable(VFIO_2011_WORLDS));

testCovered(['unplug-merged']);
