// What does a target do that means no good, or is broken? The word on its command line says which of them it is.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [kind = ''] = process.argv.slice(2);
const MACHINE = {
  groups: [{ bus: 'pci', id: 7, coherent: true }],
  devices: [{ name: 'd', group: 0, driver: 'vfio' }],
  mms: [{ lockLimit: null }],
  timeout: 0,
};
const HELLO = { hello: 1, name: 'hostile', profile: 'vfio-2011', machine: MACHINE };

const say = (value: unknown): void => {
  process.stdout.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
};
const ok = (n: number) => ({ return: n, outcome: { is: 'ok' } });

/** What it says instead of a hello; undefined: the usual one. */
const HELLOS: { readonly [kind: string]: () => void } = {
  'exits at once': () => process.exit(5),
  'no hello': () => say('Welcome to my IOMMU v0.3'),
  'hangs at hello': () => {},
  'other profile': () => say({ ...HELLO, profile: 'vfio-2099' }),
  'other version': () => say({ ...HELLO, hello: 2 }),
  'no machine': () => say({ ...HELLO, machine: { groups: 1 } }),
  'machine of nothing': () => say({ ...HELLO, machine: { ...MACHINE, groups: [] } }),
  'unknown policy': () => say({ ...HELLO, policies: { 'merge-incoming': 'perhaps' } }),
  'unknown operation': () => say({ ...HELLO, operations: ['fly'] }),
  'short batch': () => say({ ...HELLO, batch: 8 }),
  'batch out of order': () => say({ ...HELLO, batch: 8 }),
};

/** What it does at its second call. */
const CALLS: { readonly [kind: string]: (n: number) => void } = {
  junk: () => say('BUG: unable to handle page fault'),
  'half JSON': () => say('{"return":2,"outcome":'),
  'wrong number': () => say(ok(7)),
  'an old answer': () => say(ok(1)),
  'two answers': n => {
    say(ok(n));
    say(ok(n));
  },
  'unknown key': n => say({ ...ok(n), color: 'red' }),
  'duplicate key': () => say('{"return":2,"return":2,"outcome":{"is":"ok"}}'),
  'stray late answer': n => say({ ...ok(n), late: [{ return: 1, outcome: { is: 'ok' } }] }),
  hangs: () => {},
  'hangs busily': () => {
    for (;;) {
      // Neither reads nor lets anybody else.
    }
  },
  exits: () => {
    process.stderr.write('assertion failed: refs > 0\n', () => process.exit(3));
  },
  'is killed': () => process.kill(process.pid, 'SIGSEGV'),
  'closes its output': () => {
    process.stdout.end();
    setInterval(() => {}, 1000);
  },
  'half a line': () => process.stdout.write('{"return":2,"outc', () => process.exit(0)),
  'a huge line': () => process.stdout.write(`{"return":2,"x":"${'x'.repeat(300_000)}`),
  floods: () => {
    const piece = `${JSON.stringify(ok(2))}\n`.repeat(1000);
    const more = (): void => {
      while (process.stdout.write(piece));
      process.stdout.once('drain', more);
    };
    more();
  },
  'no UTF-8': () => process.stdout.write(Buffer.from([0x7b, 0xff, 0xfe, 0x0a])),
  'NUL bytes': () => process.stdout.write('\0\0\0\n'),
  'has a child that stays': () => {
    spawn('/bin/sh', ['-c', `exec -a ${process.argv[3]} sleep 1000 || sleep 1000 # ${process.argv[3]}`], {
      stdio: 'inherit',
    });
    process.on('SIGTERM', () => {});
  },
  'a terminal escape': () => say('\u001b]0;owned\u0007\u001b[2J'),
};

createInterface({ input: process.stdin }).on('line', line => {
  const ask = JSON.parse(line);
  if ('hello' in ask) return (HELLOS[kind] ?? (() => say(HELLO)))();
  if ('reset' in ask) return kind === 'junk at reset' ? say('resetting...') : say({ reset: ask.reset });
  if ('batch' in ask) {
    const answers = (ask.batch as { call: number }[]).map(c => ok(c.call));
    return say({ batch: kind === 'short batch' ? answers.slice(1) : answers.reverse() });
  }
  if ('call' in ask) return ask.call === 2 ? (CALLS[kind] ?? (n => say(ok(n))))(ask.call) : say(ok(ask.call));
  return process.exit(0);
});
