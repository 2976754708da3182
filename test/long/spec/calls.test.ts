// Do the generators, on many walks, make calls that fit the machine, of which a fair share is accepted?
import { testFair } from '../../spec/calls.js';

testFair(12);
