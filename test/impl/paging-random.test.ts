// Do random maps and unmaps in every format leave exactly what they should?
import { testWays } from './paging-ways.js';

testWays(1200);
