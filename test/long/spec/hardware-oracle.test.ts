// Does the law of hardware allow, on many walks, whatever a machine with real caches does, and little besides?
import { testCaches } from '../../spec/hardware-oracle.js';

testCaches(40);
