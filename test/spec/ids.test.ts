// Is every id that a file names, in a list or a table, the id of something that there is?
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FAULT_TABLES } from '../../model/faults/tables.js';
import { type AnyProfile, type Clause, PROFILES } from '../../spec/index.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Ids of clauses, retired ones too, and of whatever else is promised, wished for or seen. */
function idsOf({ rules, retired, always, steps, lives, sometimes, aims }: AnyProfile): readonly string[] {
  const clauses = Object.values(rules) as unknown as readonly (readonly Clause<unknown, unknown>[])[];
  const properties = [always, steps, lives, sometimes, aims.always, aims.steps, aims.lives];
  return [...clauses, retired, ...properties].flat().map(({ id }) => id);
}

const LAWS = Object.values(PROFILES) as unknown as readonly AnyProfile[];
const KNOWN: ReadonlySet<string> = new Set([
  ...LAWS.flatMap(idsOf),
  ...FAULT_TABLES.flatMap(({ faults }) => faults.map(({ id }) => id)),
  // What a hunt for no fault at all and the page of questions call their own rows.
  ...['control/recordings', 'control/together', 'asked/comes-by'],
]);

/** Laws of toys, words that are wrong on purpose, and ids that are retired are in these. */
const TOYS =
  /^test\/(?:conformance\/(?:toy|endings|divergence|judge|report|suite)|model\/(?:toy|toy-world|lasso|symmetry|faults)|cli\/(?:cli|faults)|impl\/paging-faults|spec\/(?:release|ids))\b/;

/** What looks like an id in a string of its own, alone or as a list with commas; paths of the repository do not. */
const LISTS = /'((?:[a-z][a-z0-9_]*(?:-[a-z0-9]+)*\/[a-z][a-z0-9-]*)(?:,[a-z0-9_-]+\/[a-z0-9-]+)*)'/g;
const namedIn = (text: string): readonly string[] =>
  [...text.matchAll(LISTS)].flatMap(match => match[1]!.split(',')).filter(id => !existsSync(join(ROOT, id)));

const CHAPTERS: ReadonlySet<string> = new Set([...KNOWN].map(id => id.split('/')[0]!));

/** The command and the tests name many other things with a slash: there an id is what begins with a known chapter. */
const unknownIn = (text: string, strict = true): readonly string[] =>
  namedIn(text).filter(id => !KNOWN.has(id) && (strict || CHAPTERS.has(id.split('/')[0]!)));

const FILES = ['spec', 'model', 'conformance', 'cli', 'test'].flatMap(folder =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter(name => !TOYS.test(name)),
);

test('every id that is named in a string of its own is known', () => {
  const texts = FILES.map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
  assert.ok(texts.flatMap(({ text }) => namedIn(text)).length > 1000);
  assert.deepEqual(
    texts.flatMap(({ path, text }) =>
      unknownIn(text, !/^(?:cli|test)\//.test(path)).map(id => `${path}: ${id}`),
    ),
    [],
  );
});

test('an id that is mistyped in a list is not', () => {
  const list = "const alike = ['probe/attach-fails', 'attach_pasid/attach-fail', 'a', './x.js'];";
  assert.deepEqual(unknownIn(list), ['attach_pasid/attach-fail']);
  assert.deepEqual(unknownIn("{ 'a-map': 'map/no-memory,map/not-regstered' }"), ['map/not-regstered']);
  assert.deepEqual(unknownIn("{ 'x': 'map/no-memory,map/not-registered', y: 'docs/adr' }"), []);
});
