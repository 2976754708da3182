// Which of some mutants are answered wrongly? A process of its own, that may crash, hang or run out of memory.
import { mutantNumbered } from './corpus.js';
import { judged } from './judged.js';

const [seed, from, to] = process.argv.slice(2).map(Number) as [number, number, number];
/** Bytes of heap that no mutant may leave behind or need. */
const MOST = 400 * 2 ** 20;

for (let n = from; n < to; n++) {
  process.send!({ begins: n });
  const { mutant, ours } = mutantNumbered(seed, n);
  const began = performance.now();
  const result = await judged(mutant, ours);
  const ms = performance.now() - began;
  const used = process.memoryUsage().heapUsed;
  const wrong = 'wrong' in result ? result.wrong : used > MOST ? `${used} bytes of heap are used` : undefined;
  process.send!({
    ends: n,
    ms,
    ...(wrong === undefined ? { answer: (result as { answer: string }).answer } : { wrong }),
  });
}
process.disconnect();
