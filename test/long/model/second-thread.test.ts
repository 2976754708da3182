// Does a second thread change nothing in larger worlds, one of them laid out anew in the middle?
import { smallWorld } from '../../../bench/models/small-vfio-rules.js';
import { worldNamed } from '../../../model/worlds.js';
import { countersTo } from '../../model/toy-world.js';
import { testTwoThreads } from '../../model/two-threads.js';

testTwoThreads([
  ['counters', countersTo(99), {}],
  ['the small model', smallWorld(2, 4, 2), {}],
  ['attack-window', worldNamed('attack-window')!, {}],
  ['a world that is laid out anew in the middle', worldNamed('tce-shared')!, {}],
]);
