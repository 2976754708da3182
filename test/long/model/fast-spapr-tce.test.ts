// Do both explorers find the same in every small world of spapr-tce?
import { SPAPR_TCE_WORLDS } from '../../../model/worlds/spapr-tce.js';
import { testBoth } from '../../model/both-explorers.js';

testBoth(SPAPR_TCE_WORLDS);
