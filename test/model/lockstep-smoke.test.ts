// Do the implementation and the law go hand in hand along a few random walks, under every policy?
import { testWalks } from './lockstep-smoke.js';

testWalks(20, 200);
