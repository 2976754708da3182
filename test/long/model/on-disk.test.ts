// Does every small world have the same states and counts when they lie on a disk, with hardly any memory to sort them in?
import { countsOf } from '../../../model/pinned.js';
import { WORLDS, worldNamed } from '../../../model/worlds.js';
import { testOnDisk } from '../../model/on-disk.js';

/** Beyond, two explorations take longer than it is worth. */
const CHEAP = 60_000;

testOnDisk(WORLDS.filter(w => countsOf(w).transitions <= CHEAP).map(world => [world, {}]));
testOnDisk(
  WORLDS.filter(w => w.symmetry !== undefined && countsOf(w).transitions <= CHEAP).map(world => [
    world,
    { symmetry: true },
  ]),
);
// Gone to the disk in the middle of a level, with many states in memory.
testOnDisk([[worldNamed('hotplug')!, {}]], 7);
