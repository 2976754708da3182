// Does hostile input ever crash, hang, take memory without end, or conform although it is no recording?
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutantNumbered } from './corpus.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '200' },
    /** One mutant alone, to look at it again. */
    only: { type: 'string' },
  },
});
const seed = Number(values.seed);
const [first, end] =
  values.only === undefined ? [0, Number(values.count)] : [Number(values.only), Number(values.only) + 1];

/** Milliseconds in which every mutant must be answered, on a machine with other work to do. */
const PATIENCE = 60_000;
const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));

interface Said {
  readonly begins?: number;
  readonly ends?: number;
  readonly ms?: number;
  readonly answer?: string;
  readonly wrong?: string;
}

const answers = new Map<string, number>();
const slow: { readonly n: number; readonly ms: number }[] = [];
let failures = 0;

function fails(n: number, why: string): void {
  failures++;
  const { mutant, of, ours } = mutantNumbered(seed, n);
  mkdirSync('failures', { recursive: true });
  const file = `failures/mutant-${seed}-${n}.${ours ? 'jsonl' : 'txt'}`;
  writeFileSync(file, mutant.bytes);
  process.stdout.write(
    `mutant ${n} (${of}; ${mutant.how}): ${why}\n  ${file}; again: npm run fuzz -- --seed ${seed} --only ${n}\n`,
  );
}

/** Judges from `from` on until the end or a mutant that ends the process; gives the number to go on with. */
function batch(from: number): Promise<number> {
  return new Promise(resolve => {
    const child = fork(WORKER, [seed, from, end].map(String), { execArgv: ['--max-old-space-size=700'] });
    let now = from;
    let why = '';
    const hangs = (): NodeJS.Timeout =>
      setTimeout(() => {
        why = `no answer within ${PATIENCE / 1000} s`;
        child.kill('SIGKILL');
      }, PATIENCE);
    let timer = hangs();
    child.on('message', (said: Said) => {
      clearTimeout(timer);
      timer = hangs();
      if (said.begins !== undefined) now = said.begins;
      if (said.wrong !== undefined) fails(said.ends!, said.wrong);
      if (said.answer !== undefined) answers.set(said.answer, (answers.get(said.answer) ?? 0) + 1);
      if (said.ends === undefined) return;
      now = said.ends + 1;
      slow.push({ n: said.ends, ms: said.ms! });
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) return resolve(end);
      fails(now, why || `the process ended with ${code ?? signal}`);
      resolve(now + 1);
    });
  });
}

for (let n = first; n < end; ) n = await batch(n);
const told = [...answers].sort().map(([answer, times]) => `${times} ${answer}`);
const [slowest] = slow.sort((a, b) => b.ms - a.ms);
process.stdout.write(
  `${end - first} mutants, seed ${seed}: ${told.join(', ')}; the slowest took ${Math.round(slowest?.ms ?? 0)} ms (${slowest?.n}); ${failures === 0 ? 'nothing wrong' : `${failures} answered wrongly`}\n`,
);
process.exitCode = failures === 0 && end > first ? 0 : 1;
