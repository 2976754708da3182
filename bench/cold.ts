// How long does one exploration take in a fresh process, with nothing compiled, and nothing learned but what a folder has?
import { fingerprintOf } from '../cli/fingerprint.js';
import { KeptLearning } from '../cli/learned.js';
import { secondThread } from '../cli/threads/second.js';
import { explore, type Options } from '../model/explore/explore.js';
import { exploreFast } from '../model/explore/fast/explorer.js';
import type { AnyWorld } from '../model/explore/world.js';
import { worldNamed } from '../model/worlds.js';
import { smallWorld } from './models/small-vfio-rules.js';

/** `small G D F [symmetry] [two]` or `world NAME [symmetry] [two] [learned=DIR]`; answers one line of JSON. */
const [kind, ...words] = process.argv.slice(2);
const symmetry = words.includes('symmetry');
const two: Options = words.includes('two') ? { second: secondThread } : {};
const folder = words.find(w => w.startsWith('learned='))?.slice('learned='.length);

function explored() {
  if (kind !== 'small') return ofTheLaw(worldNamed(words[0]!)!);
  const [groups, devices, slots] = words.map(Number);
  return exploreFast(smallWorld(groups!, devices!, slots!), {}, { symmetry, ...two });
}

/** As `check` explores it. */
function ofTheLaw(world: AnyWorld) {
  const asked = { aims: false, first: false, symmetry };
  const kept = folder === undefined ? undefined : new KeptLearning(folder, fingerprintOf(world, {}, asked));
  const result = explore(world, {}, { all: true, symmetry, ...two, ...kept?.options });
  if (kept?.unwritten !== undefined) throw new Error(kept.unwritten);
  return result;
}

const began = performance.now();
const result = explored();
const seconds = (performance.now() - began) / 1000;
const { states, transitions, accepted, complete, learned } = result;
process.stdout.write(`${JSON.stringify({ seconds, states, transitions, accepted, complete, learned })}\n`);
