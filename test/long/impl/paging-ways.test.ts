// Do more random maps and unmaps in every format leave exactly what they should?
import { testWays } from '../../impl/paging-ways.js';

testWays(3600);
