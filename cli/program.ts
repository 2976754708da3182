// Which commands are there, and what does the whole say of itself?
import { Command, Help, type Option } from 'commander';
import { here, type Written } from './console.js';
import { addCampaign } from './program/campaign.js';
import { addCheck } from './program/check.js';
import { addExplain } from './program/explain.js';
import { addFaults } from './program/faults.js';
import { addJudge } from './program/judge.js';
import { addMerge } from './program/merge.js';
import { addPlan } from './program/plan.js';
import { addDebates, addPolicies } from './program/policies.js';
import { addRecord } from './program/record.js';
import { addRules } from './program/rules.js';
import { addRun } from './program/run.js';
import { addScaffold } from './program/scaffold.js';
import { addServe } from './program/serve.js';
import type { End } from './program/shared.js';
import { addShow } from './program/show.js';
import { addTarget } from './program/system.js';
import { addUi } from './program/ui.js';
import { addVectors } from './program/vectors.js';
import { addWalk } from './program/walk.js';
import { VERSION } from './version.js';

const EXITS = `
Exit codes: 0 conforms, 1 diverges or a promise broken, 2 inconclusive, 64 usage, 65 malformed input,
69 target unavailable, 70 a bug of ours, 73 something could not be written.`;

const help = new Help();

/** As the library says it, but for an empty list, which nobody asked about. */
const optionDescription = (option: Option): string =>
  help.optionDescription(option).replace(' (default: [])', '');

/** As the library has it: 80 where nobody looks at it. */
const columnsOf = ({ isTTY, columns }: Written): number => (isTTY === true && columns ? columns : 80);

/** The whole command line; `end` is told the exit code. */
export function program(end: End): Command {
  const top = new Command('iommu-spec')
    .description('IOMMU semantics as a law: explore it, hold implementations and recordings against it')
    .version(VERSION)
    .configureHelp({ minWidthToWrap: 24, optionDescription })
    .configureOutput({
      writeOut: text => here.stdout.write(text),
      writeErr: text => here.stderr.write(text),
      getOutHelpWidth: () => columnsOf(here.stdout),
      getErrHelpWidth: () => columnsOf(here.stderr),
    })
    .exitOverride()
    .addHelpText('after', EXITS);
  for (const add of [
    addRun,
    addMerge,
    addCampaign,
    addCheck,
    addWalk,
    addJudge,
    addExplain,
    addRecord,
    addRules,
    addPolicies,
    addDebates,
    addShow,
    addServe,
    addUi,
    addPlan,
    addTarget,
    addScaffold,
    addVectors,
    addFaults,
  ])
    add(top, end);
  return top;
}
