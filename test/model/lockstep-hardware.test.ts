// Does the implementation of hardware follow the law through its smaller worlds?
import { testHardware } from './covered-hardware.js';

testHardware(['hw-tables', 'hw-attach', 'hw-device-tlb', 'hw-range', 'hw-lazy']);
