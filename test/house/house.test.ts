// Is the house kept: sizes, the question on top of each file, who imports whom, and who touches the world outside?
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { circlesIn } from './circles.js';
import { code, functionsOf, type Import, importsOf } from './source.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROJECTS = ['spec', 'impl', 'model', 'conformance', 'picture', 'site', 'api', 'cli', 'bench', 'test'];

/** Paths from the root, with forward slashes. */
function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const SOURCES: readonly SourceFile[] = PROJECTS.flatMap(folder => [
  ...filesIn(folder, '.ts'),
  ...filesIn(folder, '.tsx'),
]).map(path => {
  const text = read(path);
  return { path, text, lines: text.split('\n').length - 1, imports: importsOf(text) };
});
const PATHS: ReadonlySet<string> = new Set(SOURCES.map(f => f.path));

const none = (found: readonly string[]): void => assert.deepEqual(found, []);
const within = (folder: string) => (file: SourceFile) => file.path.startsWith(`${folder}/`);

test('there are sources to look at', () => {
  assert.ok(SOURCES.length > 100, `${SOURCES.length} files`);
  for (const folder of PROJECTS) assert.ok(SOURCES.some(within(folder)), folder);
});

test('a rule file has at most 200 lines, any other at most 350', () => {
  const most = (path: string): number => (/^spec\/[^/]+\/rules\//.test(path) ? 200 : 350);
  none(SOURCES.filter(f => f.lines > most(f.path)).map(f => `${f.path}: ${f.lines} of ${most(f.path)}`));
});

test('a function has at most 60 lines', () => {
  none(
    SOURCES.flatMap(f =>
      functionsOf(f.text)
        .filter(found => found.lines > 60)
        .map(found => `${f.path}:${found.line}: ${found.lines} lines`),
    ),
  );
});

test('the measure of functions measures', () => {
  const long = (lines: number): string => 'x();\n'.repeat(lines);
  const cases: readonly (readonly [string, number])[] = [
    [`function f(a: number): { b: string } {\n${long(3)}}`, 5],
    [`const f = (a: A): Promise<{ c: D }> => {\n${long(3)}};`, 5],
    [`class C {\n  m(a: '{', b = /[{/]/): void {\n${long(3)}  }\n}`, 5],
    [`const f = async a => {\n// }\n\`\${{}} }\`;\n};`, 4],
    ['function f(\n  a: A,\n): a is B {\n  return true;\n}', 5],
  ];
  const longest = (text: string): number => Math.max(0, ...functionsOf(text).map(f => f.lines));
  for (const [text, lines] of cases) assert.equal(longest(text), lines, text);
  for (const text of ['if (a) {\n}', 'for (;;) {\n}', 'const a = { b: 1 };', 'interface A { b: C }'])
    assert.equal(longest(text), 0, text);
});

test('every file begins with the question that it answers', () => {
  const asks = (text: string): boolean => {
    const comment = /^(?:\/\/.*\n)+/.exec(text)?.[0].replaceAll(/^\/\/ ?|\n\/\/ ?/gm, ' ') ?? '';
    return /[.?!](?=\s|$)/.exec(comment)?.[0] === '?';
  };
  none(SOURCES.filter(f => !asks(f.text)).map(f => `${f.path}: ${f.text.split('\n', 1)[0]}`));
});

test('no folder is named after nothing', () => {
  none(SOURCES.filter(f => /\/(?:utils?|common|helpers?|types)\//.test(f.path)).map(f => f.path));
});

test('only cli, bench and test touch the world outside', () => {
  const outside = /\bMath\s*\.\s*random\b|\bDate\b|\bprocess\s*[.[]|\bperformance\s*\./;
  const inner = SOURCES.filter(f => !/^(?:cli|bench|test)\//.test(f.path));
  none(
    inner.filter(f => outside.test(code(f.text))).map(f => `${f.path}: ${outside.exec(code(f.text))![0]}`),
  );
  none(
    inner.flatMap(f => f.imports.filter(i => i.from.startsWith('node:')).map(i => `${f.path}: ${i.from}`)),
  );
});

/** Which projects and which packages each part may import. Packages by types alone are free: they leave no trace. */
const MAY: {
  readonly [part: string]: { readonly parts: readonly string[]; readonly packages: readonly string[] };
} = {
  'spec/protocol': { parts: ['spec/protocol'], packages: ['io-ts', 'fp-ts'] },
  spec: { parts: ['spec', 'spec/protocol'], packages: [] },
  impl: { parts: ['impl'], packages: [] },
  model: { parts: ['model', 'spec', 'spec/protocol', 'impl'], packages: ['fast-check'] },
  conformance: { parts: ['conformance', 'spec', 'spec/protocol'], packages: ['ts-pattern'] },
  picture: {
    parts: ['picture', 'conformance', 'model', 'spec', 'spec/protocol'],
    packages: ['preact', '@tanstack', '@dagrejs'],
  },
  site: {
    parts: ['site', 'picture', 'model', 'conformance', 'spec', 'spec/protocol'],
    packages: ['preact', 'marked'],
  },
};

const partOf = (path: string): string =>
  path.startsWith('spec/protocol/') ? 'spec/protocol' : path.split('/', 1)[0]!;

test('imports go one way', () => {
  const wrong = SOURCES.flatMap(f => {
    const may = MAY[partOf(f.path)];
    if (may === undefined) return [];
    return f.imports
      .filter(({ from, typeOnly }) => {
        if (from.startsWith('.')) return !may.parts.includes(partOf(normalize(join(dirname(f.path), from))));
        const name = from.split('/', 1)[0]!;
        return !may.packages.includes(name) && !(typeOnly && name === 'io-ts');
      })
      .map(({ from }) => `${f.path} imports ${from}`);
  });
  none(wrong);
});

test('nothing but its tests imports the site', () => {
  none(
    SOURCES.filter(f => !/^(?:site|test)\//.test(f.path)).flatMap(f =>
      importsOf(f.text)
        .filter(i => i.from.startsWith('.') && partOf(normalize(join(dirname(f.path), i.from))) === 'site')
        .map(i => `${f.path} imports ${i.from}`),
    ),
  );
});

test('no file imports itself by way of others, not even for a type', () => {
  const target = (path: string, from: string): string => {
    const bare = normalize(join(dirname(path), from)).replace(/\.js$/, '');
    return `${bare}${PATHS.has(`${bare}.tsx`) ? '.tsx' : '.ts'}`;
  };
  const imports = new Map(
    SOURCES.map(f => [
      f.path,
      f.imports.flatMap(i => (i.from.startsWith('.') ? [target(f.path, i.from)] : [])),
    ]),
  );
  const nowhere = [...imports].flatMap(([path, to]) =>
    to.filter(t => !imports.has(t)).map(t => `${path}: ${t}`),
  );
  none(nowhere);
  none(circlesIn(imports).map(circle => [...circle, circle[0]].join(' -> ')));
});

test('the search for circles finds them', () => {
  const circles = (imports: { readonly [file: string]: readonly string[] }) =>
    circlesIn(new Map(Object.entries(imports)));
  assert.deepEqual(circles({ a: ['b', 'c'], b: ['c'], c: ['elsewhere'] }), []);
  assert.deepEqual(circles({ a: ['a'] }), [['a']]);
  assert.deepEqual(circles({ z: ['a'], a: ['b'], b: ['c', 'a'], c: ['a'] }), [['a', 'b']]);
  assert.deepEqual(circles({ a: ['b'], b: ['a'], c: ['d', 'a'], d: ['c'] }), [
    ['a', 'b'],
    ['c', 'd'],
  ]);
  assert.deepEqual(importsOf("import type { A } from './a.js';\nexport type { B } from './b.js';"), [
    { from: './a.js', typeOnly: true },
    { from: './b.js', typeOnly: true },
  ]);
});

test('the implementation imports nothing but itself', () => {
  const foreign = (from: string, path: string): boolean =>
    !from.startsWith('.') || partOf(normalize(join(dirname(path), from))) !== 'impl';
  none(
    SOURCES.filter(within('impl')).flatMap(f =>
      f.imports.filter(i => foreign(i.from, f.path)).map(i => `${f.path} imports ${i.from}`),
    ),
  );
});

test('the law runs without the codecs: it imports types alone from the protocol', () => {
  const law = SOURCES.filter(f => partOf(f.path) === 'spec');
  none(
    law.flatMap(f =>
      f.imports
        .filter(i => !i.typeOnly)
        .filter(
          i => /^(?:io-ts|fp-ts)/.test(i.from) || (i.from.startsWith('.') && i.from.includes('/protocol/')),
        )
        .map(i => `${f.path} imports ${i.from}`),
    ),
  );
});

test('every file that a document names is there', () => {
  const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesIn('docs', '.md')].filter(path =>
    existsSync(join(ROOT, path)),
  );
  const named =
    /`((?:spec|impl|model|conformance|picture|site|cli|bench|test|docs)\/[\w./-]+\.(?:ts|js|md))`/g;
  none(
    documents.flatMap(path =>
      [...read(path).matchAll(named)]
        .filter(m => !existsSync(join(ROOT, m[1]!)))
        .map(m => `${path}: ${m[1]}`),
    ),
  );
});

test('every link between documents leads somewhere', () => {
  const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesIn('docs', '.md')].filter(path =>
    existsSync(join(ROOT, path)),
  );
  none(
    documents.flatMap(path =>
      [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .filter(m => !existsSync(join(ROOT, dirname(path), m[1]!)))
        .map(m => `${path}: ${m[1]}`),
    ),
  );
});
