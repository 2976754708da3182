// Do both explorers find the same in every world of hardware, with every promise kept and every case seen?
import { HARDWARE_WORLDS } from '../../../model/worlds/hardware.js';
import { testBoth, testHappened } from '../../model/both-explorers.js';

const happened = new Set<string>();

testBoth(HARDWARE_WORLDS, happened);
testHappened(HARDWARE_WORLDS, happened);
