// Where does a stranger's first target come from?
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { LANGUAGES, type Language, SCAFFOLDED, scaffold } from '../scaffold/scaffold.js';
import { outTo } from '../terminal.js';
import { writeWhole } from '../written.js';

export interface ScaffoldOptions {
  readonly dir: string;
  readonly json?: boolean;
}

/** Writes the files of a first target, for VFIO if no profile is named; nothing that is there is written over. */
export function writeScaffold(
  language: string,
  named: string | undefined,
  options: ScaffoldOptions,
): ExitCode {
  const profile = named ?? SCAFFOLDED[0]!;
  if (!LANGUAGES.includes(language as Language))
    throw new Usage(`no scaffold in ${language}; there are ${LANGUAGES.join(', ')}`);
  if (!SCAFFOLDED.includes(profile))
    throw new Usage(`no scaffold for the profile ${profile}; there are ${SCAFFOLDED.join(', ')}`);
  const made = scaffold(language as Language, profile);
  const taken = made.files.filter(f => existsSync(join(options.dir, f.name)));
  if (taken.length > 0)
    throw new Usage(
      `${taken.map(f => join(options.dir, f.name)).join(', ')} is there already; --dir names another folder`,
    );
  for (const { name, text } of made.files) writeWhole(join(options.dir, name), text);
  const out = outTo(options.json === true);
  const there = options.dir === '.' ? [] : [`cd ${options.dir}`];
  out.say(`a target for ${profile}: ${made.files.map(f => join(options.dir, f.name)).join(', ')}`);
  out.say('next:');
  for (const line of [...there, ...made.build, `npx iommu-spec run --target '${made.target}'`])
    out.say(`  ${line}`);
  out.data({
    command: 'scaffold',
    files: made.files.map(f => join(options.dir, f.name)),
    build: made.build,
    target: made.target,
  });
  return EXIT.conforms;
}
