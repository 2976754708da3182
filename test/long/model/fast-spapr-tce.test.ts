// Do both explorers find the same in every small world of spapr-tce, with every promise kept and every case seen?
import { SPAPR_TCE_WORLDS } from '../../../model/worlds/spapr-tce.js';
import { testBoth, testHappened } from '../../model/both-explorers.js';

const happened = new Set<string>();

testBoth(SPAPR_TCE_WORLDS, happened);
testHappened(SPAPR_TCE_WORLDS, happened);
