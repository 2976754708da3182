// Which part of the runs is made here, where several machines share them?
import { Usage } from '../exit.js';

/** The part number `index` of `total`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly total: number;
}

/** Is the run, world or walk with this number part of it? Every number is part of one shard. */
export const isIn = (shard: Shard | undefined, number: number): boolean =>
  shard === undefined || number % shard.total === shard.index - 1;

/** What a scheduler tells its jobs: the variable of the number, that of how many there are, and where it counts from. */
const SCHEDULERS: readonly {
  readonly name: string;
  readonly index: string;
  readonly total: string;
  readonly from: number | string;
}[] = [
  { name: 'GitLab', index: 'CI_NODE_INDEX', total: 'CI_NODE_TOTAL', from: 1 },
  { name: 'Buildkite', index: 'BUILDKITE_PARALLEL_JOB', total: 'BUILDKITE_PARALLEL_JOB_COUNT', from: 0 },
  { name: 'CircleCI', index: 'CIRCLE_NODE_INDEX', total: 'CIRCLE_NODE_TOTAL', from: 0 },
  {
    name: 'Slurm',
    index: 'SLURM_ARRAY_TASK_ID',
    total: 'SLURM_ARRAY_TASK_COUNT',
    from: 'SLURM_ARRAY_TASK_MIN',
  },
  { name: 'AWS Batch', index: 'AWS_BATCH_JOB_ARRAY_INDEX', total: 'AWS_BATCH_JOB_ARRAY_SIZE', from: 0 },
  // These two tell a job its number and not how many there are: the job's own definition has to.
  { name: 'Kubernetes', index: 'JOB_COMPLETION_INDEX', total: 'JOB_COMPLETIONS', from: 0 },
  { name: 'GitHub', index: 'STRATEGY_JOB_INDEX', total: 'STRATEGY_JOB_TOTAL', from: 0 },
];

/** `i/n`, or `auto`: what the scheduler of this job says. Throws `Usage`. */
export function shardNamed(text: string | undefined, env: NodeJS.ProcessEnv): Shard | undefined {
  if (text === undefined) return undefined;
  if (text === 'auto') return fromScheduler(env);
  const found = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const shard = { index: Number(found?.[1]), total: Number(found?.[2]) };
  if (found === null || shard.index < 1 || shard.index > shard.total)
    throw new Usage(`--shard is i/n with i from 1 to n, or auto, not ${text}`);
  return shard;
}

function fromScheduler(env: NodeJS.ProcessEnv): Shard {
  for (const { name, index, total, from } of SCHEDULERS) {
    if (env[index] === undefined || env[index] === '') continue;
    const first = typeof from === 'number' ? from : Number(env[from] ?? 0);
    const shard = { index: Number(env[index]) - first + 1, total: Number(env[total]) };
    if (!Number.isInteger(shard.total) || shard.total < 1)
      throw new Usage(
        `--shard auto: ${name} says ${index}=${env[index]}, and ${total}, how many there are, is not set`,
      );
    if (!Number.isInteger(shard.index) || shard.index < 1 || shard.index > shard.total)
      throw new Usage(
        `--shard auto: ${name} says ${index}=${env[index]} of ${total}=${env[total]}, which is no part`,
      );
    return shard;
  }
  const known = SCHEDULERS.map(s => `${s.index} (${s.name})`).join(', ');
  throw new Usage(`--shard auto: no scheduler says which part this is; looked for ${known}`);
}
