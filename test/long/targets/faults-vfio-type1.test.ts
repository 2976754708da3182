// Is every seeded fault of the implementation of vfio-type1 found by calls from outside?
import { faultsFoundFromOutside } from '../../targets/fault-lane.js';

faultsFoundFromOutside('vfio-type1', { further: ['account/failed-map-lets-go-twice'] });
