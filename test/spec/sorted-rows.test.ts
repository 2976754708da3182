// Are rows in pieces what a sorted list is, in every version and at every length?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { all, type Rows, rowAt, withoutRow, withRow } from '../../spec/kit/sorted-rows.js';

interface Row {
  readonly key: number;
  readonly says: number;
}

const at = (key: number) => (row: Row) => row.key - key;

test('rows are a sorted list, however many there are', () => {
  const key = fc.integer({ min: 0, max: 2000 });
  const change = fc.record({ set: fc.boolean(), key, says: fc.nat(9) });
  fc.assert(
    fc.property(fc.nat(1500), fc.array(change, { maxLength: 300, size: 'max' }), (crowd, changes) => {
      const model = new Map<number, Row>();
      let rows: Rows<Row> = [];
      const put = (row: Row): void => {
        model.set(row.key, row);
        rows = withRow(rows, row, at(row.key));
      };
      // 1999 has no divisor in common with 7, so the crowd comes in a mixed order.
      for (let n = 0; n < crowd; n++) put({ key: (n * 7) % 1999, says: 0 });
      const before = rows;
      const was = [...all(before)];
      for (const c of changes) {
        if (c.set) put({ key: c.key, says: c.says });
        else {
          model.delete(c.key);
          rows = withoutRow(rows, at(c.key));
        }
        assert.deepEqual(rowAt(rows, at(c.key)), model.get(c.key));
      }
      const sorted = [...model.values()].sort((a, b) => a.key - b.key);
      assert.deepEqual(all(rows), sorted);
      assert.equal(rows.length, sorted.length);
      assert.deepEqual(all(before), was, 'the version before is as it was');
    }),
    { numRuns: 40 },
  );
});

test('rows that all go leave a plain empty list', () => {
  let rows: Rows<Row> = [];
  for (let key = 0; key < 1000; key++) rows = withRow(rows, { key, says: 0 }, at(key));
  for (let key = 0; key < 1000; key++) rows = withoutRow(rows, at(key));
  assert.deepEqual(rows, []);
});
