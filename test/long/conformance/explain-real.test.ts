// Are the refusals of a real kernel explained, and does what is suggested succeed?
import { testReal } from '../../conformance/explained.js';

testReal(3);
