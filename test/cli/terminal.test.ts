// Does what we print fit a terminal, whatever its width, and does it obey those who want no colours?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { changeLines } from '../../cli/changes.js';
import { coloured, harmless, table, wrapped } from '../../cli/terminal.js';
import { differences } from '../../conformance/index.js';
import { inside as run } from './command.js';

const widest = (text: string): number =>
  Math.max(...text.split('\n').map(line => [...stripVTControlCharacters(line)].length));

test('colours', () => {
  const cases: readonly (readonly [NodeJS.ProcessEnv, boolean, boolean])[] = [
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ TERM: 'dumb' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '1', TERM: 'dumb' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
  ];
  for (const [env, terminal, expected] of cases)
    assert.equal(coloured(env, terminal), expected, JSON.stringify(env));
});

test('a line goes on where its text began', () => {
  assert.equal(wrapped('  >  one two three', 5, 25), '  >  one two three');
  const long = wrapped(`  >  ${'word '.repeat(12)}end`, 5, 40);
  assert.ok(widest(long) <= 40, long);
  assert.match(long, /^ {2}> {2}word.*\n {5}word/);
  const coloured = wrapped(`  >  ${'\u001b[31mword\u001b[39m '.repeat(12)}`, 5, 40);
  assert.ok(widest(coloured) <= 40);
  assert.equal(stripVTControlCharacters(coloured).split('word').length - 1, 12, 'nothing is lost');
  assert.ok(widest(wrapped('x'.repeat(300), 0, 60)) <= 60);
});

test('a table takes the width there is; too narrow for columns, its rows are told one by one', () => {
  const head = ['name', 'states', 'what it is for'];
  const rows = [
    ['pair', '2,037', 'Two groups of one device each and one page, in every order.'],
    ['a-name-that-is-long-and-longer-than-it-should-be', '1', 'Short.'],
  ];
  for (const within of [40, 60, 80, 120, 200]) {
    const drawn = table(head, rows, within);
    assert.ok(widest(drawn) <= Math.max(within, rows[1]![0]!.length), `${within}: ${widest(drawn)}`);
    for (const word of ['pair', '2,037', 'order.', 'Short.']) assert.ok(drawn.includes(word), word);
  }
  assert.equal(table(head, rows, 200).split('\n').length, 3);
});

test('what the command prints fits 80 columns, and uses more where there is more', async () => {
  for (const args of [['check'], ['rules', 'merge'], ['policies'], ['debates'], ['rules', 'merge/itself']]) {
    const [narrow, wide] = await Promise.all(
      ['80', '160'].map(COLUMNS => run(args, { env: { COLUMNS, FORCE_COLOR: '0' } })),
    );
    assert.ok(widest(narrow!.out) <= 80, `${args}: ${widest(narrow!.out)}`);
    assert.ok(wide!.out.split('\n').length <= narrow!.out.split('\n').length, args.join(' '));
  }
});

test('nothing but colours and ends of lines reaches the terminal', () => {
  assert.equal(harmless('\u001b[31ma\u001b[39m\nb'), '\u001b[31ma\u001b[39m\nb');
  assert.equal(harmless('\u001b[2J\u009b\u202e\t'), '\\u001b[2J\\u009b\\u202e\\u0009');
});

test('a step tells what it changed', () => {
  const before = { handles: { 0: { refs: 1 } }, locked: [0], same: 1 };
  const after = { handles: { 0: { refs: 2 }, 1: { kind: 'group' } }, locked: [0, 16], same: 1 };
  assert.deepEqual(changeLines(differences(before, after)), [
    'handles.0.refs: 1 -> 2',
    'handles.1: nothing -> {"kind":"group"}',
    'locked.1: nothing -> 16',
  ]);
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i]));
  assert.equal(changeLines(differences({}, many)).length, 9);
  assert.equal(changeLines(differences({}, many)).at(-1), 'and 12 more');
});
