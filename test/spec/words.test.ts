// Is every word that a sentence of the law uses one that any reader knows, or one that the glossary explains?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PROFILES } from '../../spec/index.js';
import { PLAIN } from './plain-words.js';
import { sentencesOf, stem, wordsIn } from './words.js';

const GLOSSARY = readFileSync(new URL('../../../docs/glossary.md', import.meta.url), 'utf8');

/** What the glossary explains: the words in bold at the beginning of its paragraphs. */
const EXPLAINED = [...GLOSSARY.matchAll(/^\*\*(.+?)\.\*\*/gm)].flatMap(
  match => match[1]!.match(/[A-Za-z]+/g)!,
);

const KNOWN: ReadonlySet<string> = new Set([...EXPLAINED, ...PLAIN].map(stem));
const strangeIn = (text: string): readonly string[] => wordsIn(text).filter(word => !KNOWN.has(stem(word)));

for (const profile of Object.values(PROFILES)) {
  test(`${profile.name}: every word is plain or in docs/glossary.md`, () => {
    const strange = sentencesOf(profile).flatMap(says => strangeIn(says).map(word => `${word}: ${says}`));
    assert.deepEqual(
      strange,
      [],
      'a word that a reader of the kernel would not know gets an entry in docs/glossary.md, or a plainer word takes its place; a plain one goes into test/spec/plain-words.ts',
    );
  });
}

test('a new private word is strange, its like of the field is not', () => {
  assert.deepEqual(strangeIn('A group that is astray is buried with its graves.'), [
    'astray',
    'buried',
    'graves',
  ]);
  assert.deepEqual(
    strangeIn('The PASIDs of a group are attached, and nothing is mapped (`foo`, ENOENT, a_call()).'),
    [],
  );
});

test('no plain word is there that no sentence uses, and none that the glossary explains', () => {
  const used = new Set(Object.values(PROFILES).flatMap(sentencesOf).flatMap(wordsIn).map(stem));
  const explained = new Set(EXPLAINED.map(stem));
  assert.deepEqual(
    PLAIN.filter(word => !used.has(stem(word)) || explained.has(stem(word))),
    [],
  );
  assert.deepEqual([...PLAIN].sort(), [...PLAIN], 'sorted');
});
