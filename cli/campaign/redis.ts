// How do several machines share the units of a campaign through a Redis?
import type { Job, Queue as Jobs, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { reasonOf, Unavailable, Unreadable, Unwritable, Usage } from '../exit.js';
import type { Campaign, Unit } from './file.js';
import { Hand, Lost, TRIES } from './pool.js';
import { checked, type Results, resultOf } from './results.js';

const PREFIX = 'iommu-spec';
/** Milliseconds for the first answer; later a Redis that is away is waited for. */
const FIRST = 10_000;
/** Milliseconds without a sign of life, after which a worker's unit is given to another one. */
const LOCK = 10_000;
const LOOK = 500;

/** What is told while one waits. */
export type Say = (line: string) => void;

interface Engine {
  readonly bullmq: typeof import('bullmq');
  readonly redis: Redis;
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** Connects, and says so where nobody answers. Both packages are there only where somebody wants them. */
async function connected(url: string, say: Say): Promise<Engine> {
  const missing = (): never => {
    throw new Unavailable('--redis needs two packages that are not here: npm install bullmq@5 ioredis@5');
  };
  const bullmq = await import('bullmq').catch(missing);
  const { Redis } = await import('ioredis').catch(missing);
  if (!/^rediss?:\/\//.test(url)) throw new Usage(`--redis is redis://HOST:PORT, not ${url}`);
  const redis = new Redis(url, { maxRetriesPerRequest: null, enableReadyCheck: true });
  let away = false;
  let why = 'it does not answer';
  redis.on('error', error => {
    why = reasonOf(error) || why;
    if (!away) say(`Redis is away, and waited for: ${why}`);
    away = true;
  });
  redis.on('ready', () => {
    if (away) say('Redis is there again');
    away = false;
  });
  const answer = await Promise.race([redis.info('memory'), sleep(FIRST)]);
  if (answer === undefined) {
    redis.disconnect();
    throw new Unavailable(`no Redis at ${url}: ${why}`);
  }
  const policy = /maxmemory_policy:(\S+)/.exec(answer)?.[1];
  const most = /maxmemory:(\d+)/.exec(answer)?.[1];
  if (most !== '0' && policy !== 'noeviction') {
    redis.disconnect();
    throw new Usage(
      `this Redis throws data away when it is full (${policy}): set maxmemory-policy noeviction`,
    );
  }
  return { bullmq, redis };
}

const queueOf = ({ hash }: Campaign): string => `campaign-${hash}`;
/** Under the file alone stands which law it is worked through by: that another one is seen. */
const lawKey = ({ asked }: Campaign): string => `${PREFIX}:law:${asked}`;
const stateKey = (campaign: Campaign): string => `${PREFIX}:state:${queueOf(campaign)}`;

/** What Redis refuses, in words and with an exit code of ours. */
async function told<A>(run: () => Promise<A>): Promise<A> {
  try {
    return await run();
  } catch (error) {
    const why = reasonOf(error);
    if (/^OOM|OOM command not allowed/.test(why))
      throw new Unwritable(`Redis is full, and what is done is kept: ${why}`);
    if (/^(WRONGTYPE|ERR|NOAUTH|NOPERM|READONLY|MISCONF)/.test(why))
      throw new Unreadable(`Redis holds something else, or does not let us: ${why}`);
    throw error;
  }
}

async function mustBeOurs(redis: Redis, campaign: Campaign): Promise<void> {
  const law = await redis.get(lawKey(campaign));
  if (law !== null && law !== campaign.law)
    throw new Usage('this campaign is in Redis by another version of the law or of this program');
}

/** Puts units that have no result into the queue, and takes results out as they come. */
export async function throughRedis(
  url: string,
  campaign: Campaign,
  units: readonly Unit[],
  results: Results,
  say: Say,
  came: () => void,
): Promise<void> {
  const { bullmq, redis } = await connected(url, say);
  const options = { connection: redis, prefix: PREFIX };
  const queue: Jobs = new bullmq.Queue(queueOf(campaign), options);
  queue.on('error', () => {});
  const byName = new Map(units.map(unit => [unit.name, unit]));
  try {
    await told(async () => {
      await mustBeOurs(redis, campaign);
      await redis.set(lawKey(campaign), campaign.law);
      await redis.set(stateKey(campaign), 'open');
      for (;;) {
        for (const job of await queue.getJobs(['completed', 'failed'], 0, 199))
          if (job !== undefined) await take(job, byName, campaign, results, came);
        const missing = units.filter(unit => !results.has(unit));
        if (missing.length === 0) break;
        await refill(queue, redis, campaign, missing);
        await sleep(LOOK);
      }
      await redis.set(stateKey(campaign), 'closed', 'EX', 3600);
      await queue.obliterate({ force: true });
      await redis.del(lawKey(campaign));
    });
  } finally {
    await queue.close().catch(() => {});
    redis.disconnect();
  }
}

/** A result that nobody can have made of this unit is an error, and not a total. */
async function take(
  job: Job,
  byName: ReadonlyMap<string, Unit>,
  campaign: Campaign,
  results: Results,
  came: () => void,
): Promise<void> {
  const unit = byName.get(job.id ?? '');
  if (unit !== undefined && !results.has(unit)) {
    const failed = job.failedReason !== undefined && job.failedReason !== '' && job.returnvalue == null;
    const aside = { how: job.failedReason ?? '', said: job.stacktrace?.at(-1) ?? '' };
    const value = failed
      ? resultOf(unit, campaign.law, {
          tries: job.attemptsStarted ?? TRIES,
          seconds: 0,
          aside: lostIn(aside),
        })
      : job.returnvalue;
    results.add(unit, value, `job ${job.id} in Redis`);
    came();
  }
  await job.remove().catch(() => {});
}

/** What `Lost` says went through Redis as one text. */
function lostIn({ how, said }: { how: string; said: string }): { how: string; said: string } {
  const [first, rest] = how.split('; it said: ');
  return { how: first!, said: rest ?? (said.includes(how) ? '' : said) };
}

/** Units that are in no list: never put there, or lost with a Redis that was restarted empty. */
async function refill(
  queue: Jobs,
  redis: Redis,
  campaign: Campaign,
  missing: readonly Unit[],
): Promise<void> {
  const counts = await queue.getJobCounts(
    'waiting',
    'active',
    'delayed',
    'prioritized',
    'completed',
    'failed',
  );
  const known = Object.values(counts).reduce((n, m) => n + m, 0);
  if (known >= missing.length) return;
  await redis.set(lawKey(campaign), campaign.law);
  await redis.set(stateKey(campaign), 'open');
  await queue.addBulk(
    missing.map(unit => ({ name: 'unit', data: unit, opts: { jobId: unit.name, attempts: TRIES } })),
  );
}

/** Takes units as long as there is a campaign that wants them; a signal lets the units at hand end. */
export async function workFor(url: string, campaign: Campaign, many: number, say: Say): Promise<number> {
  const { bullmq, redis } = await connected(url, say);
  const own = redis.duplicate();
  own.on('error', () => {});
  const hands = Array.from({ length: many }, () => new Hand());
  const byName = new Map(campaign.units.map(unit => [unit.name, unit]));
  let done = 0;
  const work = async (job: Job): Promise<unknown> => {
    const unit = byName.get(job.id ?? '');
    if (unit === undefined) throw new bullmq.UnrecoverableError(`no unit of this campaign: ${job.id}`);
    const hand = hands.pop() ?? new Hand();
    try {
      const result = await hand.run(unit, campaign, job.attemptsStarted ?? 1);
      done++;
      return checked(result, unit, campaign.law, unit.name);
    } catch (error) {
      if (error instanceof Lost) throw new Error(error.message);
      throw error;
    } finally {
      hands.push(hand);
    }
  };
  try {
    await told(() => mustBeOurs(redis, campaign));
    const worker: Worker = new bullmq.Worker(queueOf(campaign), work, {
      connection: own,
      prefix: PREFIX,
      concurrency: many,
      lockDuration: LOCK,
      stalledInterval: LOCK / 2,
      maxStalledCount: TRIES,
    });
    worker.on('error', error => {
      if (/OOM/.test(reasonOf(error))) say(`Redis is full, and waited for: ${reasonOf(error)}`);
    });
    await untilClosed(redis, campaign);
    await worker.close();
    return done;
  } finally {
    for (const hand of hands) hand.close();
    own.disconnect();
    redis.disconnect();
  }
}

async function untilClosed(redis: Redis, campaign: Campaign): Promise<void> {
  let asked = false;
  const stop = (): void => {
    asked = true;
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  for (let seen = false; !asked; ) {
    const state = await told(() => redis.get(stateKey(campaign)));
    if (state === 'open') seen = true;
    if (state === 'closed' && seen) break;
    await told(() => mustBeOurs(redis, campaign));
    await sleep(LOOK);
  }
  process.off('SIGTERM', stop);
  process.off('SIGINT', stop);
}
