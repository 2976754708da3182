// How long does one exploration take in a fresh process, with nothing learned and nothing compiled?
import { secondThread } from '../cli/threads/second.js';
import { exploreFast } from '../model/explore/fast/explorer.js';
import { worldNamed } from '../model/worlds.js';
import { smallWorld } from './models/small-vfio-rules.js';

/** `small G D F [symmetry] [two]` or `world NAME [symmetry] [two]`; answers one line of JSON. */
const [kind, ...words] = process.argv.slice(2);
const symmetry = words.includes('symmetry');
const [groups, devices, slots] = words.map(Number);
const world = kind === 'small' ? smallWorld(groups!, devices!, slots!) : worldNamed(words[0]!)!;
const two = words.includes('two');
const began = performance.now();
const result = exploreFast(world, {}, { symmetry, ...(two && { second: secondThread }) });
const seconds = (performance.now() - began) / 1000;
const { states, transitions, accepted, complete, learned } = result;
process.stdout.write(`${JSON.stringify({ seconds, states, transitions, accepted, complete, learned })}\n`);
