// Do the tables of structures name every bit once, and do the vectors made from them say what the tables say?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mask, widthOf } from '../../spec/hardware/formats/format.js';
import { RECORDS } from '../../spec/hardware/structures/records.js';
import { type Place, read, type Structure } from '../../spec/hardware/structures/structure.js';
import { STRUCTURES } from '../../spec/hardware/structures/structures.js';
import { vectorsOfStructure } from '../../spec/hardware/structures/vectors.js';
import { SOURCES } from '../../spec/index.js';

/** The bits of these fields, word by word. */
function union(structure: Structure, places: readonly Place[]): bigint[] {
  const words = Array.from({ length: structure.words }, () => 0n);
  for (const { word, bits } of places) {
    assert.ok(
      word < structure.words && bits[0] < 64 && bits[0] >= bits[1],
      `${structure.name}, word ${word}`,
    );
    words[word]! |= mask(widthOf(bits)) << BigInt(bits[1]);
  }
  return words;
}

for (const structure of STRUCTURES) {
  const kinds = [...structure.absent, ...structure.kinds];
  const named = [
    ...kinds.flatMap(k => k.when.map(c => c.at)),
    ...kinds.flatMap(k =>
      k.is === 'flaw' ? [] : Object.values(k.values).flatMap(parts => parts.map(p => p.at)),
    ),
  ];

  test(`${structure.name}: every bit is named, reserved or ignored, and is one of these only`, () => {
    const [used, zero, ignored] = [named, structure.zero, structure.ignored].map(p => union(structure, p));
    for (let w = 0; w < structure.words; w++) {
      assert.equal((used![w]! | zero![w]! | ignored![w]!).toString(16), mask(64).toString(16), `word ${w}`);
      const twice = (used![w]! & zero![w]!) | (used![w]! & ignored![w]!) | (zero![w]! & ignored![w]!);
      assert.equal(twice.toString(16), '0', `word ${w}`);
    }
  });

  test(`${structure.name}: every vector says what it was made for, and every kind has one`, () => {
    const vectors = vectorsOfStructure(structure);
    for (const v of vectors) assert.deepEqual(read(structure, v.words), v.expect, v.name);
    for (const k of kinds)
      assert.ok(
        vectors.some(v => v.name.startsWith(`${k.says}: `)),
        k.says,
      );
    assert.equal(new Set(vectors.map(v => v.name)).size, vectors.length);
  });

  test(`${structure.name}: it is cited, and every flaw of VT-d and RISC-V has its number`, () => {
    assert.ok(structure.cite.length > 0 && structure.cite.every(c => Object.hasOwn(SOURCES, c.source)));
    const without = vectorsOfStructure(structure).filter(v => v.expect.is === 'flaw' && v.code === null);
    // That there is no record is no fault. AMD's manual was not read: which event a mode of 7 is told with is not known.
    assert.deepEqual(
      without
        .map(v => v.name)
        .filter(name => !(structure.name === 'amd-dte' && name.startsWith('a mode that'))),
      RECORDS.includes(structure)
        ? vectorsOfStructure(structure)
            .filter(v => v.expect.is === 'flaw')
            .map(v => v.name)
        : [],
    );
  });

  test(`${structure.name}: every word that there can be has a row`, () => {
    let seed = 1n;
    const next = (): bigint => {
      seed = (seed * 6364136223846793005n + 1442695040888963407n) & mask(64);
      return seed ^ (seed >> 29n);
    };
    for (let i = 0; i < 2000; i++) {
      const words = Array.from({ length: structure.words }, next).map((word, w) =>
        i % 2 === 0 ? word : word & ~union(structure, structure.zero)[w]!,
      );
      if (i % 4 > 1) words[0]! |= structure.name.startsWith('smmu-cd') ? 1n << 31n : 1n;
      read(structure, words);
    }
  });
}
