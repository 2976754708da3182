// Does each world that declares a symmetry have one, and is every way to break one found out?
import { WORLDS } from '../../../model/worlds.js';
import { ASYMMETRIC, BREAKS, testAsymmetric, testBroken, testReduced } from '../../model/reduced.js';

testReduced(WORLDS.filter(w => w.symmetry !== undefined && !w.large));
testBroken(BREAKS);
testAsymmetric(ASYMMETRIC);
