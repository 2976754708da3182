// Does an exploration of a larger world than those of the quick tests go on from any of its snapshots?
import { testResumed } from '../../model/resumed.js';

testResumed([['pair']]);
