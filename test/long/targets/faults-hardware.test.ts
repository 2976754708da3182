// Is every seeded fault of the implementation of hardware found by calls from outside?
import { faultsFoundFromOutside } from '../../targets/fault-lane.js';

faultsFoundFromOutside('hardware', { further: ['device-tlb/not-on-attach'] });
