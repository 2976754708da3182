// Which clauses can be broken without any trace of the corpus noticing?
import { readdirSync, readFileSync } from 'node:fs';
import { LAWS, runSuite, type SuiteResult } from '../../conformance/index.js';
import type { Clause } from '../../spec/law/clause.js';
import type { AnyOp, AnyProfile } from '../../spec/law/profile.js';

type AnyClause = Clause<unknown, AnyOp>;

/** A list of clauses with one of them broken; undefined: this one cannot be broken like that. */
export type Break = (list: readonly AnyClause[], at: number) => readonly AnyClause[] | undefined;

/** The last clause closes its list and cannot be left out. */
export const leftOut: Break = (list, at) =>
  at === list.length - 1 ? undefined : list.filter((_, i) => i !== at);

/** A clause that refuses answers with another errno. */
export const otherErrno: Break = (list, at) => {
  const clause = list[at]!;
  if (clause.errno === undefined) return undefined;
  const errno = clause.errno === 'EBUSY' ? 'EINVAL' : 'EBUSY';
  const then: AnyClause['then'] = state => ({ outcome: { is: 'refused', errno }, state });
  return list.map((c, i) => (i === at ? { ...c, errno, then } : c));
};

const FOLDER = new URL('../../../conformance/corpus/', import.meta.url);

/** All traces of the corpus that are of the profile, as the suite takes them. */
export function tracesOf(
  profile: AnyProfile,
): readonly { readonly name: string; readonly lines: readonly [string] }[] {
  return (['accept', 'refuse'] as const).flatMap(folder =>
    readdirSync(new URL(`${folder}/`, FOLDER))
      .sort()
      .map((file): { name: string; lines: [string] } => ({
        name: `${folder}/${file}`,
        lines: [readFileSync(new URL(`${folder}/${file}`, FOLDER), 'utf8')],
      }))
      .filter(({ lines: [text] }) => text.includes(`"profile":"${profile.name}"`)),
  );
}

/** Ids of the clauses that can be broken like this, and nothing is noticed in what the suite says. */
export async function unnoticed(
  profile: AnyProfile,
  how: Break,
  isNoticed: (result: SuiteResult) => boolean,
): Promise<readonly string[]> {
  const all = tracesOf(profile);
  const survivors: string[] = [];
  for (const [op, list] of Object.entries(profile.rules) as unknown as [string, readonly AnyClause[]][]) {
    const speaks = all.filter(({ lines: [text] }) => text.includes(`"op":"${op}"`));
    for (const [at, clause] of list.entries()) {
      const broken = how(list, at);
      if (broken === undefined) continue;
      const rules = { ...profile.rules, [op]: broken };
      const laws = { ...LAWS, profiles: { ...LAWS.profiles, [profile.name]: { ...profile, rules } } };
      // A law without a check may fall over what the check was for: that is noticed too.
      const result = await runSuite(speaks, {}, laws).catch(() => undefined);
      if (result !== undefined && !isNoticed(result)) survivors.push(clause.id);
    }
  }
  return survivors;
}
