// How is a campaign planned, run, worked for, looked at and summed up?
import { availableParallelism } from 'node:os';
import { type Campaign, readCampaign, type Unit } from '../campaign/file.js';
import { workThrough } from '../campaign/pool.js';
import { throughRedis, workFor } from '../campaign/redis.js';
import { Results } from '../campaign/results.js';
import { type Totals, totalsOf } from '../campaign/totals.js';
import { here } from '../console.js';
import { EXIT, type ExitCode, Usage, worst } from '../exit.js';
import { holdFolder } from '../lock.js';
import { isIn, shardNamed } from '../targets/shard.js';
import { count, type Out, outTo, paint, ticker, wrapped } from '../terminal.js';

export interface CampaignOptions {
  readonly results?: string;
  readonly redis?: string;
  readonly workers?: number;
  readonly shard?: string;
  readonly json?: boolean;
}

/** The units, and nothing is run. */
export function plan(file: string, options: CampaignOptions): ExitCode {
  const out = outTo(options.json === true);
  const campaign = readCampaign(file);
  for (const unit of partOf(campaign, options)) out.say(`${unit.name}  ${unit.argv.join(' ')}`);
  out.say(`${count(campaign.units.length)} units`);
  out.data({
    command: 'campaign',
    campaign: campaign.hash,
    law: campaign.law,
    units: partOf(campaign, options),
  });
  return EXIT.conforms;
}

export async function run(file: string, options: CampaignOptions): Promise<ExitCode> {
  const out = outTo(options.json === true);
  const campaign = readCampaign(file);
  const folder = folderOf(file, options);
  const letGo = holdFolder(folder);
  try {
    const results = new Results(folder, campaign);
    const mine = partOf(campaign, options);
    const left = mine.filter(unit => !results.has(unit));
    if (left.length < mine.length) out.say(`${count(mine.length - left.length)} units are done already`);
    const bar = ticker('campaign');
    const began = performance.now();
    let came = 0;
    const tell = (): void => {
      came++;
      const rate = came / ((performance.now() - began) / 1000);
      const rest = (left.length - came) / rate;
      bar.show(
        `${count(came)} of ${count(left.length)} units, ${rate.toFixed(1)}/s, ${rest.toFixed(0)} s to go`,
        came / left.length,
      );
    };
    if (options.redis !== undefined)
      await throughRedis(options.redis, campaign, left, results, line => out.warn(line), tell);
    else
      await workThrough(left, campaign, options.workers ?? availableParallelism(), (unit, result) => {
        results.add(unit, result, 'the result of a process of ours');
        tell();
      });
    bar.done();
    return sum(campaign, results, mine, out);
  } finally {
    letGo();
  }
}

export async function work(file: string, options: CampaignOptions): Promise<ExitCode> {
  const out = outTo(options.json === true);
  if (options.redis === undefined)
    throw new Usage('work is for a campaign in a Redis: name it by --redis; "run" works by itself');
  const campaign = readCampaign(file);
  const many = options.workers ?? availableParallelism();
  const done = await workFor(options.redis, campaign, many, line => out.warn(line));
  out.say(`${count(done)} units done here`);
  out.data({ command: 'campaign', campaign: campaign.hash, done });
  return EXIT.conforms;
}

/** How far it is: from the results alone, so it can be asked while somebody runs it. */
export function status(file: string, options: CampaignOptions): ExitCode {
  const out = outTo(options.json === true);
  const campaign = readCampaign(file);
  const results = new Results(folderOf(file, options), campaign, false);
  const { units, done, missing, aside } = totalsOf(campaign, results);
  const ends = results.all.map(r => r.ended).sort((a, b) => a - b);
  const span = ends.length < 2 ? 0 : (ends.at(-1)! - ends[0]!) / 1000;
  const rate = span === 0 ? undefined : Number(((ends.length - 1) / span).toFixed(3));
  const estimate = rate === undefined ? undefined : Math.round(missing / rate);
  const speed = rate === undefined ? '' : `, ${rate}/s, ${count(estimate!)} s to go`;
  const away = aside.length === 0 ? '' : `, ${count(aside.length)} set aside`;
  out.say(`${count(done)} of ${count(units)} units${away}${missing === 0 ? '' : speed}`);
  out.data({
    command: 'campaign',
    campaign: campaign.hash,
    units,
    done,
    missing,
    aside: aside.length,
    ...(rate !== undefined && { rate, estimate }),
  });
  return EXIT.conforms;
}

/** What the results come to; all of them must be there. */
export function merge(file: string, options: CampaignOptions): ExitCode {
  const out = outTo(options.json === true);
  const campaign = readCampaign(file);
  const results = new Results(folderOf(file, options), campaign, false);
  return sum(campaign, results, campaign.units, out);
}

function sum(campaign: Campaign, results: Results, mine: readonly Unit[], out: Out): ExitCode {
  const totals = totalsOf(campaign, results);
  say(totals, out);
  out.data({ command: 'campaign', campaign: campaign.hash, law: campaign.law, totals });
  const codes = mine.map(unit => (results.get(unit)?.code ?? EXIT.inconclusive) as ExitCode);
  return worst([...codes, ...(totals.aside.length > 0 ? [EXIT.inconclusive] : [])]);
}

function say(totals: Totals, out: Out): void {
  const { units, done, missing, conforms, diverges, inconclusive, aside, check, walk, faults, run } = totals;
  const lacking = missing === 0 ? '' : paint.yellow(`, ${count(missing)} missing`);
  out.say(
    `${count(done)} of ${count(units)} units: ${count(conforms)} conform, ${count(diverges)} diverge, ${count(inconclusive)} inconclusive, ${count(aside.length)} set aside${lacking}`,
  );
  if (check.worlds > 0)
    out.say(
      `  check   ${count(check.worlds)} worlds, ${count(check.states)} states, ${count(check.transitions)} transitions`,
    );
  if (walk.walks > 0) out.say(`  walk    ${count(walk.walks)} walks, ${count(walk.operations)} operations`);
  if (faults.faults > 0) out.say(`  faults  ${count(faults.caught)} of ${count(faults.faults)} caught`);
  for (const r of run)
    out.say(`  run     ${r.target.name}, ${r.target.profile}, seed ${r.seed}: ${r.result}`);
  for (const argv of totals.diverging) out.say(wrapped(`  ${paint.red('diverges')}  iommu-spec ${argv}`, 4));
  for (const { argv, how, said } of aside) {
    out.say(wrapped(`  ${paint.yellow('set aside')}  iommu-spec ${argv.join(' ')}: ${how}`, 4));
    if (said !== '') out.say(wrapped(`    it said  ${said.trim().split('\n').at(-1)}`, 4));
  }
}

const folderOf = (file: string, { results }: CampaignOptions): string =>
  results ?? `${file.replace(/\.json$/, '')}.results`;

function partOf(campaign: Campaign, options: CampaignOptions): readonly Unit[] {
  const shard = shardNamed(options.shard, here.env);
  return campaign.units.filter((_, i) => isIn(shard, i));
}
