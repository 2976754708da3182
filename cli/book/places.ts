// In which file of the law does a clause stand, so that a reader can go there?
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnyProfile } from '../../spec/index.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface File {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** The sources of one profile; where the package has none of them, an empty list. */
function sourcesOf(profile: AnyProfile): readonly File[] {
  const folder = `spec/${profile.name}`;
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map(name => name.replaceAll('\\', '/'))
    .filter(name => name.endsWith('.ts') && !name.startsWith('invariants/'))
    .sort()
    .map(name => ({ path: `${folder}/${name}`, text: readFileSync(join(ROOT, folder, name), 'utf8') }));
}

/**
 * Finds the file of an id: where it is written out, else where its last word stands as a name of a clause of
 * that chapter, or of one that several chapters have. By text, as a clause itself does not know its file.
 */
export function placesIn(profile: AnyProfile): (id: string) => string | undefined {
  const files = sourcesOf(profile);
  const [rules, others] = [
    files.filter(f => f.path.includes('/rules/')),
    files.filter(f => !f.path.includes('/rules/')),
  ];
  const first = (fits: (f: File) => boolean): string | undefined =>
    (rules.find(fits) ?? others.find(fits))?.path;
  return id => {
    const [chapter, what] = [id.slice(0, id.indexOf('/')), id.slice(id.indexOf('/') + 1)];
    // A name may be composed: its beginning is looked for then.
    for (let name = what; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('-')))) {
      const named = (f: File): boolean => f.text.includes(`'${name}'`) || f.text.includes(`/${name}\``);
      const whole = `'${chapter}/${name}'`;
      const found =
        first(f => f.text.includes(whole)) ??
        first(f => named(f) && f.text.includes(`'${chapter}'`)) ??
        first(named);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
