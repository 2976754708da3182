// Do the generators make calls that fit the machine, of which a fair share is accepted?
import { testFair } from './calls.js';

testFair(2);
