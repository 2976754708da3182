// Does the implementation of hardware follow the law through its larger worlds?
import { testHardware } from '../../model/covered-hardware.js';

testHardware([
  'hw-entries',
  'hw-contexts',
  'hw-unordered',
  'hw-processes',
  'hw-amd',
  'hw-ats',
  'hw-caching-mode',
]);
