// Which small world of each profile do the quick tests explore? All others are explored in test/long.
import type { AnyWorld } from '../../model/explore/world.js';
import { worldNamed } from '../../model/worlds.js';

/** Whoever adds a profile names one of its worlds here, of not much more than ten thousand transitions. */
export const SMALL: readonly AnyWorld[] = [
  'type1-entering',
  'two-owners',
  'exchange',
  'attach-unplug',
  'dma-two-groups',
  'tce-ownership',
  'hw-attach',
].map(name => worldNamed(name)!);
