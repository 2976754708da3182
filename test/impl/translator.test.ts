// Is a translation ever answered from the IOTLB after it was taken away, or to the wrong domain?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FAULT, NO_DOMAIN, Translator } from '../../impl/iotlb/translator.js';
import { RESERVED, TableArena } from '../../impl/paging/arena.js';
import { MAPPED, NO_MEMORY } from '../../impl/paging/codes.js';
import { seedOf } from './seed.js';

const M2 = 512;
const G1 = 512 * 512;

function translator(sets = 4, domains = 3, pages = 64): Translator {
  const made = new Translator({ arena: new TableArena({ pages: RESERVED + pages }), domains, sets });
  for (let domain = 0; domain < domains; domain++) assert.equal(made.create(domain), 0);
  return made;
}

test('the first access misses, the second hits, and both say the same', () => {
  const iommu = translator();
  assert.equal(iommu.map(1, 2 ** 35 + 5, 2 ** 39 + 6, 1, 3), 0);
  for (let i = 0; i < 3; i++) assert.equal(iommu.translate(1, 2 ** 35 + 5, 3), 2 ** 39 + 6);
  assert.deepEqual([iommu.tlb.hits, iommu.tlb.misses], [2, 1]);
  assert.equal(iommu.translate(0, 2 ** 35 + 5, 1), FAULT, 'not to another domain');
  assert.equal(iommu.translate(1, 2 ** 35 + 6, 1), FAULT, 'not to another page');
  assert.equal(iommu.translate(1, 5, 1), FAULT, 'not to a page that differs in the high bits only');
  iommu.tlb.resetCounts();
  assert.deepEqual([iommu.tlb.hits, iommu.tlb.misses], [0, 0]);
});

test('access is checked on a hit too', () => {
  const iommu = translator();
  for (const prot of [1, 2, 3]) {
    const iova = prot * 8 * M2;
    assert.equal(iommu.map(0, iova, iova, 1, prot), 0);
    assert.equal(iommu.map(0, iova + M2, iova + M2, M2, prot), 0, 'and for a large leaf');
    for (const page of [iova, iova + M2 + 3]) {
      for (let round = 0; round < 2; round++) {
        for (const access of [0, 1, 2, 3, 4, 5]) {
          const allowed = access > 0 && (access | prot) === prot;
          assert.equal(iommu.translate(0, page, access), allowed ? page : FAULT, `${access} under ${prot}`);
        }
      }
    }
  }
  assert.equal(
    iommu.tlb.misses,
    6,
    'the first access to each; a refusal for access is cached like any other',
  );
});

test('a large leaf is one entry, and goes when any page of it goes', () => {
  for (const pages of [M2, G1]) {
    const iommu = translator(1);
    assert.equal(iommu.map(0, G1, 3 * G1, pages, 3), 0);
    for (let page = 0; page < M2; page++) assert.equal(iommu.translate(0, G1 + page, 1), 3 * G1 + page);
    assert.deepEqual([iommu.tlb.hits, iommu.tlb.misses], [M2 - 1, 1]);
    assert.equal(iommu.unmap(0, G1 + 9, 1), 1);
    assert.equal(iommu.translate(0, G1 + 9, 1), FAULT);
    assert.equal(iommu.translate(0, G1 + 8, 1), 3 * G1 + 8);
    assert.equal(iommu.translate(0, G1 + 10, 1), 3 * G1 + 10);
    assert.equal(iommu.translate(0, G1 + pages, 1), FAULT);
    assert.equal(iommu.translate(0, G1 - 1, 1), FAULT);
  }
});

test('four entries fit in a set, and the fifth takes the place of the oldest', () => {
  const iommu = translator(2);
  assert.equal(iommu.map(0, 1, 101, 20, 3), 0);
  const touch = (...pages: number[]) => {
    iommu.tlb.resetCounts();
    for (const page of pages) assert.equal(iommu.translate(0, page, 1), page + 100);
    return [iommu.tlb.hits, iommu.tlb.misses];
  };
  assert.deepEqual(touch(2, 4, 6, 8), [0, 4]);
  assert.deepEqual(touch(8, 2, 6, 4, 2), [5, 0]);
  assert.deepEqual(touch(1), [0, 1], 'the other set');
  assert.deepEqual(touch(10), [0, 1]);
  assert.deepEqual(touch(4, 6, 8, 10), [4, 0]);
  assert.deepEqual(touch(2), [0, 1]);
  assert.deepEqual(touch(6, 8, 10, 2, 1), [5, 0]);
});

test('a domain id is used again without its past', () => {
  const iommu = translator(4, 2);
  assert.equal(iommu.create(0), NO_DOMAIN, 'there already');
  assert.equal(iommu.create(2), NO_DOMAIN);
  assert.equal(iommu.create(0.5), NO_DOMAIN);
  assert.equal(iommu.map(0, 4, 5, 1, 3), 0);
  assert.equal(iommu.map(1, 4, 6, 1, 3), 0);
  assert.equal(iommu.translate(0, 4, 1), 5);
  assert.equal(iommu.translate(1, 4, 1), 6);
  assert.equal(iommu.destroy(0), 0);
  assert.equal(iommu.translate(0, 4, 1), FAULT);
  assert.deepEqual(
    [iommu.map(0, 1, 1, 1, 3), iommu.unmap(0, 1, 1), iommu.destroy(0)],
    Array(3).fill(NO_DOMAIN),
  );
  assert.equal(iommu.table(0), undefined);
  assert.equal(iommu.create(0), 0);
  assert.equal(iommu.translate(0, 4, 1), FAULT);
  assert.equal(iommu.translate(1, 4, 1), 6);
  for (const wrong of [-1, 0.5, 2 ** 36, Number.NaN]) assert.equal(iommu.translate(1, wrong, 1), FAULT);
  for (const wrong of [-1, 2, 0.5]) assert.equal(iommu.translate(wrong, 4, 1), FAULT);
  const full = new Translator({ arena: new TableArena({ pages: RESERVED + 1 }), domains: 2, sets: 1 });
  assert.deepEqual([full.create(0), full.create(1)], [0, NO_MEMORY]);
});

test('no answer is ever stale: random operations in front of tiny IOTLBs', t => {
  const seed = seedOf(t);
  const window = 2 * M2 + 8;
  const step = fc.record({
    what: fc.constantFrom('map', 'unmap', 'unmap', 'touch', 'touch', 'touch', 'touch', 'renew'),
    domain: fc.nat(2),
    iova: fc.oneof(fc.nat(window - 1), fc.nat(6), fc.constantFrom(0, M2)),
    pages: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 7 }), fc.constantFrom(M2, 2 * M2)),
    shift: fc.constantFrom(0, 1, M2, G1),
    prot: fc.integer({ min: 1, max: 3 }),
  });
  let hits = 0;
  const property = fc.property(
    fc.constantFrom(1, 2),
    fc.array(step, { maxLength: 150, size: 'max' }),
    (sets, steps) => {
      const iommu = translator(sets);
      const truth = Array.from({ length: 3 }, () => new Map<number, { pfn: number; prot: number }>());
      for (const { what, domain, iova, pages, shift, prot } of steps) {
        const mapped = truth[domain];
        const range = Array.from({ length: pages }, (_, i) => iova + i);
        if (what === 'map') {
          const taken = range.some(page => mapped.has(page));
          assert.equal(iommu.map(domain, iova, iova + shift, pages, prot), taken ? MAPPED : 0);
          if (!taken) for (const page of range) mapped.set(page, { pfn: page + shift, prot });
        } else if (what === 'unmap') {
          assert.equal(iommu.unmap(domain, iova, pages), range.filter(page => mapped.delete(page)).length);
        } else if (what === 'renew') {
          assert.deepEqual([iommu.destroy(domain), iommu.create(domain)], [0, 0]);
          mapped.clear();
        }
        // Two looks at pages in and beside the range: the second one is served by the IOTLB.
        for (const page of [iova, iova + pages - 1, iova + pages, iova]) {
          for (const access of [1, 2]) {
            const there = mapped.get(page);
            const expected = there !== undefined && (there.prot & access) !== 0 ? there.pfn : FAULT;
            assert.equal(iommu.translate(domain, page, access), expected);
          }
        }
      }
      hits += iommu.tlb.hits;
    },
  );
  fc.assert(property, { seed, numRuns: 100 });
  assert.ok(hits > 1000, `the IOTLB served ${hits} accesses`);
});
