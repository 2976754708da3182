// Do law and implementation go hand in hand along many of the calls that live targets are asked for?
import { testCalls } from '../../model/lockstep-calls.js';

testCalls(6);
