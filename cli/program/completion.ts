// What can be completed in a shell: commands, options, and the names that an argument takes?
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/** The hidden command that a shell asks for suggestions. */
const ASKS = 'complete';

/** The names of each argument and option that takes one. The law is loaded only where a shell asks. */
async function names(): Promise<{ readonly [kind: string]: readonly string[] }> {
  const [{ PROFILES }, { WORLDS }, { ERRNOS }] = await Promise.all([
    import('../../spec/index.js'),
    import('../../model/worlds.js'),
    import('../../spec/protocol/index.js'),
  ]);
  const profiles = Object.values(PROFILES);
  const rules = profiles.flatMap(p =>
    Object.entries(p.rules).flatMap(([op, list]) => [op, ...list.map(c => c.id)]),
  );
  const policies = profiles.flatMap(p => p.policies);
  return {
    world: ['all', 'large', ...WORLDS.map(w => w.name)],
    rule: [...new Set([...rules, ...ERRNOS])],
    op: [...new Set(profiles.flatMap(p => Object.keys(p.rules)))],
    policy: [...new Set(policies.map(p => p.name))],
    value: [...new Set(policies.flatMap(p => p.values.map(v => `${p.name}=${v.value}`)))],
    profile: profiles.map(p => p.name),
    release: [...new Set(profiles.flatMap(p => p.releases?.map(r => r.name) ?? []))],
    errno: ERRNOS,
    format: ['trace', 'ftrace', 'strace', 'qemu'],
  };
}

const ARGUMENTS: readonly (readonly [command: string, argument: string, kind: string])[] = [
  ['check', 'world', 'world'],
  ['walk', 'world', 'world'],
  ['rules', 'name', 'rule'],
  ['explain', 'what', 'op'],
  ['policies', 'name', 'policy'],
  ['debates', 'policy', 'policy'],
  ['serve', 'profile', 'profile'],
];

const OPTIONS: { readonly [option: string]: string } = {
  policy: 'value',
  profile: 'profile',
  release: 'release',
  errno: 'errno',
  format: 'format',
};

/** Adds `completion <shell>`, which prints a script; to be called when all other commands are there. */
export async function addCompletion(top: Command, argv: readonly string[]): Promise<void> {
  const completion = tab(top, { completionCommandName: 'completion' });
  if (!argv.includes(ASKS)) return;
  const known = await names();
  for (const [command, argument, kind] of ARGUMENTS) {
    const found = completion.commands.get(command)?.arguments.get(argument);
    if (found !== undefined)
      found.handler = complete => {
        for (const name of known[kind]!) complete(name, '');
      };
  }
  for (const { options } of completion.commands.values()) {
    for (const [name, kind] of Object.entries(OPTIONS)) {
      const found = options.get(name);
      if (found !== undefined)
        found.handler = complete => {
          for (const value of known[kind]!) complete(value, '');
        };
    }
  }
}
