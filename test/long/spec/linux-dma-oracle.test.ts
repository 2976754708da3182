// Does the factored law of linux-dma accept, in many traces, exactly what an enumeration of all assignments accepts?
import { testFactored } from '../../spec/linux-dma-oracle.js';

testFactored(1500, 50);
