// Does the explorer reach what the simplest one reaches, in worlds of every kind of state?
import { worldNamed } from '../../../model/worlds.js';
import { testNaive } from '../../model/naive.js';

testNaive(
  [
    'pair',
    'two-owners',
    'two-buses',
    'dma-two-groups',
    'dma-tagged',
    'drivers',
    'attach-unplug',
    'tce-ownership',
    'tce-memory',
    'tce-firmware',
  ].map(name => worldNamed(name)!),
);
