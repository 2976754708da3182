// How many calls a second go through the target protocol, beside calls in this process?
import { fileURLToPath } from 'node:url';
import { execDial } from '../cli/targets/exec.js';
import { Judge, LAWS } from '../conformance/index.js';
import { TARGET_LIMITS } from '../conformance/targets/limits.js';
import { play, type Script } from '../conformance/targets/play.js';
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

/** What a call takes: by the clock, and of this process's time, which others that run on the machine do not lengthen. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

const rate = (calls: number, { wall, cpu }: Cost): string => {
  const perSecond = (ms: number) => Math.round((1000 * calls) / ms).toLocaleString('en-US');
  return `${perSecond(wall).padStart(9)} calls/s   ${((1000 * cpu) / calls).toFixed(1).padStart(5)} us of the driver's CPU`;
};

/** The best of some rounds, in milliseconds. */
async function best(rounds: number, work: () => Promise<void> | void): Promise<Cost> {
  let [wall, cpu] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < rounds; i++) {
    const [began, used] = [performance.now(), process.cpuUsage()];
    await work();
    wall = Math.min(wall, performance.now() - began);
    const { user, system } = process.cpuUsage(used);
    cpu = Math.min(cpu, (user + system) / 1000);
  }
  return { wall, cpu };
}

/** A run of so many calls, as `run --target` makes them: each is judged. */
function ticks(calls: number, policies: Policies): Script {
  let left = calls;
  const next = () => (left-- > 0 ? { op: { op: 'tick' } } : undefined);
  return { name: 'ticks', machine: MACHINE, policies, ahead: true, next };
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
  let answered = 0;
  const whole = await best(rounds, async () => {
    const played = await play(session, ticks(calls, policies), { batch: BATCH });
    answered = played.answered;
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
  print(`one by one, a process that answers at once     ${rate(calls, single)}`);
  print(`batches of ${BATCH}, the same process                ${rate(calls, batched)}`);
  print(
    `a run in batches, its ${answered.toLocaleString('en-US')} answers judged${' '.repeat(8 - Math.min(7, `${answered}`.length))}   ${rate(calls, whole)}`,
  );
  print(`judging alone, in this process                 ${rate(calls, judged)}`);
  print(`the built-in implementation, in this process   ${rate(calls, inside)}`);
}
