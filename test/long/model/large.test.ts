// Is each large world but the largest explored to its end, with the pinned counts and every promise kept?
import { WORLDS } from '../../../model/worlds.js';
import { testComplete } from '../../model/complete.js';

testComplete(
  WORLDS.filter(w => w.large === true && w.name !== 'ten-millions'),
  new Set(),
);
