// Which words do the sentences of the law use, and how is one word told from another?
import type { AnyProfile, Clause } from '../../spec/index.js';

/** What stands for a name of the code or an answer: errnos, calls of the kernel, choices, hexadecimal numbers. */
const NAMES =
  /\b[A-Z]+-[a-z]\b|`[^`]*`|"[^"]*"|\b[A-Z][A-Z0-9_-]+\b|\b\w*_\w*\b(?:\(\))?|\b[\w-]+=[\w-]+|\b\w*\d\w*\b/g;

/** One form for `map`, `maps`, `mapped` and `mapping`; only ever compared with its like. */
export function stem(word: string): string {
  const before = word.toLowerCase().replace(/'s?$/, '').replace(/ies$/, 'y');
  const after = before.replace(/(?<=..)(?:ings?|ed|es|s|d|e)$/, '').replace(/([^aeiou])\1$/, '$1');
  return after === before ? after : stem(after);
}

export const wordsIn = (text: string): readonly string[] =>
  text.replaceAll(NAMES, ' ').match(/[A-Za-z][A-Za-z']*[A-Za-z]/g) ?? [];

/** Every sentence of a profile: clauses, promises, aims, what happens sometimes, and the answers to its questions. */
export function sentencesOf(profile: AnyProfile): readonly string[] {
  const { rules, always, steps, lives, sometimes, aims, policies } = profile;
  const clauses = Object.values(rules) as unknown as readonly (readonly Clause<unknown, unknown>[])[];
  const properties = [always, steps, lives, sometimes, aims.always, aims.steps, aims.lives];
  return [
    ...[...clauses, ...properties].flat().map(({ says }) => says),
    ...policies.flatMap(p => [p.question, ...p.values.map(v => v.says)]),
  ];
}
