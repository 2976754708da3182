// How are the open questions and their verdicts asked for?
import type { Command } from 'commander';
import { type End, examples, JSON_OUT } from './shared.js';

const PROFILE = ['--profile <name>', 'only those of one profile'] as const;

export function addPolicies(top: Command, end: End): void {
  top
    .command('policies [name]')
    .description('the questions that the sources leave open: all, or one with its answers and arguments')
    .option(...PROFILE)
    .option(...JSON_OUT)
    .addHelpText('after', examples('iommu-spec policies', 'iommu-spec policies merge-incoming'))
    .action(async (name, options) => end((await import('../commands/policies.js')).policies(name, options)));
}

export function addDebates(top: Command, end: End): void {
  top
    .command('debates [policy]')
    .description('the debated questions: all, or one with a run for each of its answers')
    .option(...PROFILE)
    .option(...JSON_OUT)
    .addHelpText('after', examples('iommu-spec debates', 'iommu-spec debates merge-incoming'))
    .action(async (name, options) => end((await import('../commands/policies.js')).debates(name, options)));
}
