// Does what is named by the lowest member of a set move with it, in a larger toy?
import { testToy } from '../../model/toy-symmetry.js';

testToy({ groups: 4, fds: 3 }, 24);
