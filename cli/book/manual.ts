// How does the command line read as a manual page, in the source that a manual page is made of?
import type { Command } from 'commander';
import { program } from '../program.js';

/** Marks that would be taken for Markdown. */
const plain = (text: string): string => text.replaceAll(/[<>*_`\\]/g, '\\$&');

/** Markdown in the shape that marked-man takes, from the same definitions as `--help`. */
export function manualSource(): string {
  const top = program(() => {});
  const help = top.createHelp();
  const commands = help.visibleCommands(top).filter(c => c.name() !== 'help');
  return [
    '# iommu-spec(1) -- IOMMU semantics as a law that runs',
    '',
    '## SYNOPSIS',
    '',
    '`iommu-spec` _command_ [_options_]',
    '',
    '## DESCRIPTION',
    '',
    plain(top.description()),
    '',
    '## COMMANDS',
    '',
    ...commands.flatMap(chapter),
    '## EXIT STATUS',
    '',
    ...[
      ['0', 'conforms: all that was asked for was done, and holds'],
      ['1', 'diverges, or a promise is broken'],
      ['2', 'inconclusive: a budget ran out, or nothing was run'],
      ['64', 'the command line is wrong'],
      ['65', 'malformed or unreadable input'],
      ['69', 'a target is not available'],
      ['70', 'a bug of iommu-spec'],
      ['73', 'something could not be written'],
    ].flatMap(([code, says]) => [`* ${code}:`, `  ${says}`, '']),
    '## ENVIRONMENT',
    '',
    '`NO_COLOR`, `FORCE_COLOR`, `TERM` and `COLUMNS` say how text looks.',
    '',
    '## SEE ALSO',
    '',
    'The documents in the folder `docs` of the package: README.md there lists them.',
    '',
  ].join('\n');
}

function chapter(command: Command): readonly string[] {
  const help = command.createHelp();
  return [
    `### ${plain(help.commandUsage(command))}`,
    '',
    plain(command.description()),
    '',
    ...help
      .visibleOptions(command)
      .filter(option => option.long !== '--help')
      .flatMap(option => [
        `* \`${option.flags}\`:`,
        `  ${plain(help.optionDescription(option).replace(' (default: [])', ''))}`,
        '',
      ]),
  ];
}
