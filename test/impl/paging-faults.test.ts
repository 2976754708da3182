// Do the oracle and a few plain expectations notice mistakes in page tables and their cache that no world of hardware shows?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaggedCache } from '../../impl/iotlb/tagged.js';
import type { Inside } from '../../impl/paging/format.js';
import { PageTable } from '../../impl/paging/table.js';
import { newTable, TESTED } from './paging-formats.js';
import { runRandom } from './paging-random.js';

const VTD = TESTED.find(t => t.format.name === 'VT-d second stage, 4 levels')!;
const toTableEnd = (page: number): number => 512 - (page % 512);

/** The first page of the large leaf over a page; -1 where there is none. */
const leafOver = (table: PageTable, page: number): number =>
  table.walk(page) >= 0 && table.arena.found[3] === 9 ? page - (page % 512) : -1;

const MISTAKES: readonly (readonly [id: string, inside: Inside, Class: typeof PageTable])[] = [
  [
    'map/stops-at-the-end-of-a-table',
    'whole',
    class extends PageTable {
      override map(page: number, out: number, pages: number, prot: number): number {
        return super.map(page, out, Math.min(pages, toTableEnd(page)), prot);
      }
    },
  ],
  [
    'map/next-table-begins-anew',
    'whole',
    class extends PageTable {
      override map(page: number, out: number, pages: number, prot: number): number {
        const first = Math.min(pages, toTableEnd(page));
        const code = super.map(page, out, first, prot);
        return code < 0 || first === pages ? code : super.map(page + first, out, pages - first, prot);
      }
    },
  ],
  [
    'unmap/large-page-goes-whole',
    'split',
    class extends PageTable {
      override unmap(page: number, pages: number): number {
        const leaf = leafOver(this, page);
        if (leaf < 0 || pages >= 512) return super.unmap(page, pages);
        super.unmap(leaf, 512);
        return pages;
      }
    },
  ],
  [
    'unmap/split-begins-anew',
    'split',
    class extends PageTable {
      override unmap(page: number, pages: number): number {
        const leaf = leafOver(this, page);
        const out = leaf < 0 ? -1 : this.walk(leaf);
        const removed = super.unmap(page, pages);
        const behind = page + pages;
        if (leaf >= 0 && behind < leaf + 512 && super.unmap(behind, leaf + 512 - behind) > 0)
          this.map(behind, out, leaf + 512 - behind, 3);
        return removed;
      }
    },
  ],
  [
    'unmap/split-widens-access',
    'split',
    class extends PageTable {
      override unmap(page: number, pages: number): number {
        const leaf = leafOver(this, page);
        const out = leaf < 0 ? -1 : this.walk(leaf);
        const removed = super.unmap(page, pages);
        if (leaf >= 0 && leaf < page && super.unmap(leaf, page - leaf) > 0)
          this.map(leaf, out, page - leaf, 3);
        return removed;
      }
    },
  ],
];

test('what maps and unmaps of many pages do wrong, the oracle finds', () => {
  for (const [id, inside, Class] of MISTAKES) {
    const run = (plain: boolean | typeof PageTable) =>
      runRandom({ tested: VTD, seed: 14, operations: 100_000, every: 20_000, inside, plain });
    run(true);
    assert.throws(() => run(Class), assert.AssertionError, id);
  }
});

test('a small page behind a large one goes with it: unmap/first-size-for-all leaves it', () => {
  class First extends PageTable {
    override unmap(page: number, pages: number): number {
      return super.unmap(page, leafOver(this, page) === page ? Math.min(pages, 512) : pages);
    }
  }
  const removed = (plain: boolean | typeof PageTable): number => {
    const table = newTable(VTD, 256, VTD.layout, plain);
    assert.deepEqual([table.map(512, 1024, 512, 3), table.map(1024, 7, 1, 3)], [0, 0]);
    return table.unmap(512, 513);
  };
  assert.equal(removed(true), 513);
  assert.equal(removed(First), 512);
});

test('memory page 0 is a page: map/frame-zero-is-nothing and unmap/frame-zero-is-nothing differ', () => {
  class Forgets extends PageTable {
    override map(page: number, out: number, pages: number, prot: number): number {
      if (this.walk(page) === 0) super.unmap(page, 1);
      return super.map(page, out, pages, prot);
    }
    override unmap(page: number, pages: number): number {
      return this.walk(page) === 0 ? 0 : super.unmap(page, pages);
    }
  }
  const answers = (plain: boolean | typeof PageTable) => {
    const table = newTable(VTD, 256, VTD.layout, plain);
    return [table.map(5, 0, 1, 3), table.map(5, 7, 1, 3), table.map(6, 0, 1, 3), table.unmap(6, 1)];
  };
  assert.deepEqual(answers(true), [0, -1, 0, 1]);
  assert.deepEqual(answers(Forgets), [0, 0, 0, 0]);
});

test('pages that differ in their high bits are two: iotlb/tag-without-high-bits finds one for the other', () => {
  class Short extends TaggedCache {
    override find(space: number, _: number, low: number, size: number): number {
      return super.find(space, 0, low, size);
    }
  }
  const found = (Cache: typeof TaggedCache): number => {
    const cache = new Cache({ sets: 4, domains: 2 });
    cache.fill(1, 0, 9, 0, 0, 77, 3);
    return cache.lookup(1, 1, 9);
  };
  assert.equal(found(TaggedCache), -1);
  assert.ok(found(Short) >= 0);
});
