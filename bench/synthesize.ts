// How does one get a long recording to judge? Writes one to standard output.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { lines } from './recording.js';

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    live: { type: 'string', default: '100000' },
  },
});
const length = { operations: Number(values.operations), live: Number(values.live) };
if (!(Number.isSafeInteger(length.operations) && length.live > 0 && length.operations > length.live)) {
  process.stderr.write('usage: synthesize --operations N --live M, with whole numbers and N > M\n');
  process.exitCode = 64;
} else await pipeline(Readable.from(lines(length)), process.stdout);
