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

/** A trace as the suite takes it. */
interface Named {
  readonly name: string;
  readonly lines: readonly [string];
}

/** All traces of the corpus that are of the profile. */
export function tracesOf(profile: AnyProfile): readonly Named[] {
  return (['accept', 'refuse'] as const).flatMap(folder =>
    readdirSync(new URL(`${folder}/`, FOLDER))
      .sort()
      .map(
        (file): Named => ({
          name: `${folder}/${file}`,
          lines: [readFileSync(new URL(`${folder}/${file}`, FOLDER), 'utf8')],
        }),
      )
      .filter(({ lines: [text] }) => text.includes(`"profile":"${profile.name}"`)),
  );
}

type Rules = AnyProfile['rules'];

const listsOf = (profile: AnyProfile) =>
  Object.entries(profile.rules) as unknown as [string, readonly AnyClause[]][];

/** What the suite says of one trace; undefined: a law without a check fell over what the check was for. */
const judged = (trace: Named, profile: AnyProfile, rules: Rules): Promise<SuiteResult | undefined> => {
  const laws = { ...LAWS, profiles: { ...LAWS.profiles, [profile.name]: { ...profile, rules } } };
  return runSuite([trace], {}, laws).catch(() => undefined);
};

type Applied = ReadonlyMap<string, readonly Named[]>;

/** By clause the traces in which it applies somewhere: in all others nothing changes where it is broken. */
async function appliedIn(profile: AnyProfile, isNoticed: (result: SuiteResult) => boolean): Promise<Applied> {
  const applied = new Map<string, Named[]>();
  let now: Named | undefined;
  const noted = (op: string, clause: AnyClause): AnyClause => ({
    ...clause,
    when: (state, o, policies) => {
      const applies = clause.when(state, o, policies);
      const key = `${op} ${clause.id}`;
      const before = applied.get(key) ?? [];
      if (applies && before.at(-1) !== now) applied.set(key, [...before, now!]);
      return applies;
    },
  });
  const rules = Object.fromEntries(listsOf(profile).map(([op, list]) => [op, list.map(c => noted(op, c))]));
  // Short ones first: most breaks are noticed by the first trace.
  for (const trace of [...tracesOf(profile)].sort((a, b) => a.lines[0].length - b.lines[0].length)) {
    now = trace;
    const result = await judged(trace, profile, rules as unknown as Rules);
    if (result === undefined || isNoticed(result))
      throw new Error(`${trace.name} fails with no clause broken`);
  }
  return applied;
}

/** Ids of the clauses that can be broken like this, and nothing is noticed in what the suite says of any trace. */
export async function unnoticed(
  profile: AnyProfile,
  how: Break,
  isNoticed: (result: SuiteResult) => boolean,
): Promise<readonly string[]> {
  const applied = await appliedIn(profile, isNoticed);
  const survivors: string[] = [];
  for (const [op, list] of listsOf(profile)) {
    for (const [at, clause] of list.entries()) {
      const broken = how(list, at);
      if (broken === undefined) continue;
      const rules = { ...profile.rules, [op]: broken };
      let noticed = false;
      for (const trace of applied.get(`${op} ${clause.id}`) ?? []) {
        const result = await judged(trace, profile, rules);
        noticed = result === undefined || isNoticed(result);
        if (noticed) break;
      }
      if (!noticed) survivors.push(clause.id);
    }
  }
  return survivors;
}
