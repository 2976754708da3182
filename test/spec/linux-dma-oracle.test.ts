// Does the factored law of linux-dma accept exactly what an enumeration of all assignments accepts?
import { testFactored } from './linux-dma-oracle.js';

testFactored(300, 5);
