// Do the tables of fields, the walker that reads nothing else, and the vectors made from them say the same?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindOf, take, widthOf } from '../../spec/hardware/formats/format.js';
import { FORMATS, formatNamed } from '../../spec/hardware/formats/formats.js';
import { type Vector, vectorsOf } from '../../spec/hardware/formats/vectors.js';
import { walk } from '../../spec/hardware/formats/walk.js';
import { SOURCES } from '../../spec/index.js';

const memoryOf = ({ memory }: Vector) => {
  const words = new Map(memory.map(({ at, word }) => [at, word]));
  return (at: bigint) => words.get(at) ?? 0n;
};

for (const format of FORMATS) {
  test(`${format.name}: every vector has the answer that it was made for`, () => {
    const vectors = vectorsOf(format);
    assert.ok(vectors.length > 25, `${vectors.length}`);
    for (const v of vectors) {
      const walked = walk(format, memoryOf(v), v.root, v.address, v.access);
      const { expect } = v;
      if (expect.is === 'translated') assert.deepEqual(walked, expect, v.name);
      else assert.equal(walked.is === 'fault' ? walked.fault : walked.is, expect.fault, v.name);
    }
  });

  test(`${format.name}: the levels decode each bit of an address once, and nothing twice`, () => {
    const bits = format.levels.flatMap(l =>
      Array.from({ length: widthOf(l.index) }, (_, i) => l.index[1] + i),
    );
    const lowest = format.levels.at(-1)!.index[1];
    const expected = Array.from({ length: format.input.bits - lowest }, (_, i) => lowest + i);
    assert.deepEqual(
      bits.sort((a, b) => a - b),
      expected,
    );
  });

  test(`${format.name}: every row of a level is shown by a vector, and every word is in one row`, () => {
    const names = vectorsOf(format).map(v => v.name);
    for (const level of format.levels) {
      for (const entry of level.entries) {
        // Pointers are on the way to every vector of a lower level.
        if (entry.is === 'table') continue;
        const at = `${level.name}${entry.is === 'leaf' ? ',' : ':'} ${entry.says}`;
        assert.ok(
          names.some(name => name.startsWith(at)),
          at,
        );
      }
      for (let i = 0n; i < 4096n; i++)
        kindOf(level, i | (i << 52n) | (take(i * 0x9e37_79b9n, [31, 0]) << 20n));
    }
  });

  test(`${format.name}: it is cited, and every fault that a vector shows has a number or none on purpose`, () => {
    assert.ok(format.cite.length > 0 && format.cite.every(c => Object.hasOwn(SOURCES, c.source)));
    const without = vectorsOf(format).filter(v => v.expect.is === 'fault' && v.expect.code === null);
    assert.deepEqual(
      without.map(v => v.name),
      [],
    );
  });
}

test('a format that nobody knows is told with those that there are', () => {
  assert.throws(() => formatNamed('sv40'), /riscv-sv39, riscv-sv39x4/);
});
