// Is every seeded fault of the implementation of vfio-2011 found by calls from outside?
import { faultsFoundFromOutside } from '../../targets/fault-lane.js';

faultsFoundFromOutside('vfio-2011');
