// Does the implementation of spapr-tce follow every transition of each world, as far as it can be gone through?
import { SPAPR_TCE_WORLDS } from '../../../model/worlds/spapr-tce.js';
import { passable, testCovered } from '../../model/covered.js';

testCovered(passable(SPAPR_TCE_WORLDS));
