// How many calls a second go through the target protocol, beside calls in this process?
import { fileURLToPath } from 'node:url';
import { execDial } from '../cli/targets/exec.js';
import { Judge, LAWS } from '../conformance/index.js';
import { TARGET_LIMITS } from '../conformance/targets/limits.js';
import { Session } from '../conformance/targets/session.js';
import { implementationOf } from '../model/machine.js';
import { defaultPolicies, type Policies, vfio2011 } from '../spec/index.js';

const MACHINE = {
  groups: [{ bus: 'pci', id: 1, coherent: true }],
  devices: [{ name: 'a', group: 0, driver: 'vfio' }],
  mms: [{ lockLimit: null }],
  timeout: 0,
} as const;
const BATCH = 256;

const rate = (calls: number, ms: number): string =>
  `${Math.round((1000 * calls) / ms).toLocaleString('en-US')} calls/s`;

/** The best of some rounds, in milliseconds. */
async function best(rounds: number, work: () => Promise<void> | void): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    await work();
    least = Math.min(least, performance.now() - began);
  }
  return least;
}

export async function run(
  print: (line: string) => void,
  { rounds, quick }: { readonly rounds: number; readonly quick: boolean },
): Promise<void> {
  const calls = quick ? 5_000 : 50_000;
  const policies = defaultPolicies<Policies>(vfio2011);
  const file = fileURLToPath(new URL('./instant-target.js', import.meta.url));
  const limits = { ...TARGET_LIMITS, runLines: 10_000_000, runBytes: 2 ** 40 };
  const dial = execDial(`exec '${process.execPath}' '${file}'`, limits);
  const session = await Session.open(dial, LAWS, limits, () => performance.now());
  const call = { op: { op: 'tick' } } as const;
  const many = Array.from({ length: BATCH }, () => call);
  await session.reset(MACHINE, policies);
  for (let i = 0; i < 2_000; i++) await session.call(call);
  const single = await best(rounds, async () => {
    for (let i = 0; i < calls; i++) await session.call(call);
  });
  const batched = await best(rounds, async () => {
    for (let i = 0; i < calls; i += BATCH) await session.batch(many);
  });
  await session.close();
  const judged = await best(rounds, () => {
    const judge = new Judge(vfio2011, MACHINE, policies as never);
    for (let n = 1; n <= calls; n++) judge.feed({ n, op: call.op, outcome: { is: 'ok' } });
  });
  const inside = await best(rounds, () => {
    const machine = implementationOf('vfio-2011', MACHINE, policies);
    for (let i = 0; i < calls; i++) machine.step(call.op);
  });
  print(`one by one, a process that answers at once      ${rate(calls, single)}`);
  print(`batches of ${BATCH}, the same process                 ${rate(calls, batched)}`);
  print(`judging alone, in this process                  ${rate(calls, judged)}`);
  print(`the built-in implementation, in this process    ${rate(calls, inside)}`);
}
