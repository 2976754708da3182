// Is every seeded fault of the implementation of spapr-tce found by calls from outside?
import { faultsFoundFromOutside } from '../../targets/fault-lane.js';

faultsFoundFromOutside('spapr-tce', { seeds: { 'batch/page-size-found-too-late': 2 } });
