// Does the ordered table answer exactly as a sorted map does, and do older versions stay as they were?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { orderedTable } from '../../spec/kit/ordered-table.js';
import type { Table } from '../../spec/kit/table.js';

const EMPTY = -1;
type Model = ReadonlyMap<number, number>;
const rows = (table: Table<number>): [number, number][] =>
  table.reduce<[number, number][]>((all, row, key) => [...all, [key, row]], []);
const sorted = (model: Model): [number, number][] => [...model].sort((a, b) => a[0] - b[0]);

const key = fc.integer({ min: 0, max: 40 });
const change = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, row: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant('delete' as const), key, row: fc.constant(0) }),
);

test('an ordered table is a sorted map, in every version', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 120, size: 'max' }), changes => {
      const versions: { table: Table<number>; model: Model }[] = [
        { table: orderedTable(EMPTY), model: new Map() },
      ];
      for (const c of changes) {
        const { table, model } = versions[versions.length - 1]!;
        const next = new Map(model);
        if (c.kind === 'set') next.set(c.key, c.row);
        else next.delete(c.key);
        versions.push({
          table: c.kind === 'set' ? table.set(c.key, c.row) : table.delete(c.key),
          model: next,
        });
      }
      for (const { table, model } of versions) assert.deepEqual(rows(table), sorted(model));
      const { table, model } = versions[versions.length - 1]!;
      assert.equal(table.size, model.size);
      for (let k = -1; k <= 41; k++) {
        assert.equal(table.get(k), model.get(k) ?? EMPTY);
        assert.equal(table.has(k), model.has(k));
        assert.equal(table.floor(k), Math.max(-1, ...[...model.keys()].filter(m => m <= k)));
        const above = [...model.keys()].filter(m => m >= k);
        assert.equal(table.ceiling(k), above.length === 0 ? -1 : Math.min(...above));
      }
    }),
    { numRuns: 300, seed: 3 },
  );
});

test('what changes nothing gives back the same table', () => {
  const table = orderedTable<string>('').set(3, 'a');
  assert.equal(table.set(3, 'a'), table);
  assert.equal(table.delete(4), table);
  assert.equal(table.set(4, ''), table);
  assert.equal(table.set(3, '').size, 0);
});

test('a hundred thousand keys in order leave the tree shallow', () => {
  let table = orderedTable<number>(EMPTY);
  for (let k = 0; k < 100_000; k++) table = table.set(k, k);
  assert.ok(depth(table) <= 24, `depth ${depth(table)}`);
  for (let k = 0; k < 100_000; k += 2) table = table.delete(k);
  assert.equal(table.size, 50_000);
  assert.ok(depth(table) <= 24);
  assert.equal(table.floor(50_000), 49_999);
});

function depth(table: Table<number>): number {
  return (table as unknown as { readonly root: { readonly height: number } | null }).root?.height ?? 0;
}
