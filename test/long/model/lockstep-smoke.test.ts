// Do the implementation and the law go hand in hand along many random walks, under every policy?
import { testWalks } from '../../model/lockstep-smoke.js';

testWalks(200, 2500);
