// Does the law of hardware allow whatever a machine with real caches does, and little besides?
import { testCaches } from './hardware-oracle.js';

testCaches(10);
