// Do both explorers find the same in every world of hardware?
import { HARDWARE_WORLDS } from '../../../model/worlds/hardware.js';
import { testBoth } from '../../model/both-explorers.js';

testBoth(HARDWARE_WORLDS);
