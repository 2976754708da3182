// What goes wrong when cached translations are to disappear, or are told apart?
import { Iotlb } from '../../../impl/iotlb/iotlb.js';
import { Translator } from '../../../impl/iotlb/translator.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { fault } from './seed.js';

/** The IOTLB forgets another range than the one that it was told. */
const forgets = (range: (start: number, pages: number) => readonly [start: number, pages: number]) => () => ({
  parts: {
    tlb: class extends Iotlb {
      override invalidate(domain: number, iovaPfn: number, pages: number): void {
        super.invalidate(domain, ...range(iovaPfn, pages));
      }
    },
  },
});

export const iotlb: readonly FaultyMachine[] = [
  fault(
    'iotlb/last-page-not-flushed',
    'The size of the range to flush is computed from its inclusive end, and is a page too small.',
    history('Linux, "iommu/amd: Fix domain flush size when syncing iotlb"'),
    ['tlb-two-domains', 'outcome.is', 5],
    forgets((start, pages) => [start, pages - 1]),
  ),
  fault(
    'iotlb/block-does-not-cover-the-tail',
    'The range is flushed as an aligned power of two that is large enough, but begins before the range and ends before its end.',
    history('Linux, "iommu/vt-d: Calculate mask for non-aligned flushes"'),
    ['tlb-ranges', 'outcome.is', 5],
    forgets((start, pages) => {
      const block = 2 ** Math.ceil(Math.log2(pages));
      return [Math.floor(start / block) * block, block];
    }),
  ),
  fault(
    'iotlb/first-page-only',
    'Only the first page of the range is flushed.',
    synthetic('the count of pages is not handed on'),
    ['tlb-ranges', 'outcome.is', 5],
    forgets(start => [start, 1]),
  ),
  fault(
    'iotlb/nothing-flushed',
    'An unmap does not flush.',
    history('Xen XSA-275, insufficient TLB flushing'),
    ['tlb-two-domains', 'outcome.is', 5],
    forgets(start => [start, 0]),
  ),
  fault(
    'iotlb/large-leaf-not-flushed',
    'The flush has the class of small pages only, so a large leaf stays cached.',
    history('Linux, "iommu/vt-d: Flush piotlb for SVM and Nested domain"'),
    ['leaves-2m', 'outcome.is', 5],
    () => ({
      parts: {
        tlb: class extends Iotlb {
          private readonly large: Parameters<Iotlb['fill']>[] = [];
          override fill(...entry: Parameters<Iotlb['fill']>): void {
            super.fill(...entry);
            if (entry[5] > 0) this.large.push(entry);
          }
          override invalidate(domain: number, iovaPfn: number, pages: number): void {
            super.invalidate(domain, iovaPfn, pages);
            for (const entry of this.large) super.fill(...entry);
          }
        },
      },
    }),
  ),
  fault(
    'iotlb/superpage-replaced-unflushed',
    'A leaf that is cut into smaller ones is not flushed: its old entry goes on translating what was cut out.',
    history(
      'Linux commit 38c527aeb419, page tables replaced by a superpage unflushed: here the other way round',
    ),
    ['leaves-1g', 'outcome.is', 5],
    () => ({
      translator: class extends Translator {
        override unmap(domain: number, iovaPfn: number, pages: number): number {
          const table = this.table(domain);
          if (pages >= 512 || table === undefined || table.walk(iovaPfn) < 0 || this.arena.found[1] === 0)
            return super.unmap(domain, iovaPfn, pages);
          return table.unmap(iovaPfn, pages);
        }
      },
    }),
  ),
  fault(
    'iotlb/flushed-before-the-entry-is-cleared',
    'The flush comes before the entry is cleared, and the device fills it in again in between.',
    synthetic('the order that VT-d asks of software, turned round'),
    ['tlb-two-domains', 'outcome.is', 4],
    () => ({
      translator: class extends Translator {
        override unmap(domain: number, iovaPfn: number, pages: number): number {
          const table = this.table(domain);
          if (table === undefined) return super.unmap(domain, iovaPfn, pages);
          this.tlb.invalidate(domain, iovaPfn, pages);
          this.translate(domain, iovaPfn, 1);
          return table.unmap(iovaPfn, pages);
        }
      },
    }),
  ),
  fault(
    'iotlb/returns-before-the-flush',
    'An unmap returns when its flush is queued; the flush is done with the next command.',
    history(
      'Linux, "iommu/amd: Wait for completion instead of returning early in iommu_completion_wait()" (CVE-2026-68329)',
    ),
    ['tlb-two-domains', 'outcome.is', 5],
    () => ({
      parts: {
        tlb: class extends Iotlb {
          private queued: readonly [number, number, number] | null = null;
          override invalidate(domain: number, iovaPfn: number, pages: number): void {
            if (this.queued !== null) super.invalidate(...this.queued);
            this.queued = [domain, iovaPfn, pages];
          }
        },
      },
    }),
  ),
  fault(
    'iotlb/domain-not-flushed-at-its-end',
    'A domain that is freed leaves its translations behind, and the next domain with its number has them.',
    synthetic('a number that is used again with what was cached under it'),
    ['tlb-two-domains', 'outcome.is', 5],
    () => ({
      parts: {
        tlb: class extends Iotlb {
          override invalidateDomain(): void {}
        },
      },
    }),
  ),
  fault(
    'iotlb/removed-from-the-list-first',
    'A domain is taken from the list of those to flush before it is flushed, so the flush passes it over.',
    history('Linux, "iommu/amd: Invalidate cache before removing device from domain list"'),
    ['tlb-two-domains', 'outcome.is', 5],
    () => {
      const listed = new Set<number>();
      return {
        translator: class extends Translator {
          override create(domain: number): number {
            listed.add(domain);
            return super.create(domain);
          }
          override destroy(domain: number): number {
            listed.delete(domain);
            return super.destroy(domain);
          }
        },
        parts: {
          tlb: class extends Iotlb {
            override invalidateDomain(domain: number): void {
              if (listed.has(domain)) super.invalidateDomain(domain);
            }
          },
        },
      };
    },
  ),
  fault(
    'iotlb/parent-id-only',
    'Of the ids under which translations are cached only the first is flushed.',
    history(
      'Linux, amd nested domains: a flush of the parent must be given for the id of each nested domain',
    ),
    ['tlb-two-domains', 'outcome.is', 5],
    () => ({
      parts: {
        tlb: class extends Iotlb {
          override invalidate(_domain: number, iovaPfn: number, pages: number): void {
            super.invalidate(0, iovaPfn, pages);
          }
        },
      },
    }),
  ),
  fault(
    'iotlb/tag-without-domain',
    'Entries are not tagged with their domain, so one domain hits those of another.',
    history('Linux between 7.0 and 7.2, amd nested device table entry: the domain id is lost'),
    ['tlb-two-domains', 'outcome.is', 4],
    () => ({
      parts: {
        tlb: class extends Iotlb {
          override find(_domain: number, high: number, low: number): number {
            return super.find(0, high, low);
          }
          override fill(...[, ...entry]: Parameters<Iotlb['fill']>): void {
            super.fill(0, ...entry);
          }
          override invalidate(_domain: number, iovaPfn: number, pages: number): void {
            super.invalidate(0, iovaPfn, pages);
          }
        },
      },
    }),
  ),
  fault(
    'iotlb/tag-without-high-bits',
    'The tag has the low 32 bits of the page number only.',
    synthetic('addresses that differ in their high bits only'),
    ['edges', 'outcome.is', 4],
    () => ({
      parts: {
        tlb: class extends Iotlb {
          override find(domain: number, _high: number, low: number): number {
            return super.find(domain, 0, low);
          }
          override fill(...[domain, , ...entry]: Parameters<Iotlb['fill']>): void {
            super.fill(domain, 0, ...entry);
          }
        },
      },
    }),
  ),
  fault(
    'iotlb/access-not-checked-on-a-hit',
    'The access is checked by the walk, but not when the translation is cached.',
    synthetic('a check that the short way leaves out'),
    ['tlb-two-domains', 'outcome.is', 4],
    () => ({
      translator: class extends Translator {
        override translate(domain: number, iovaPfn: number, access: number): number {
          const hit = this.tlb.find(domain, Math.floor(iovaPfn / 2 ** 32), iovaPfn | 0);
          if (hit < 0) return super.translate(domain, iovaPfn, access);
          return this.tlb.high(hit) * 2 ** 20 + (this.tlb.low(hit) >>> 12);
        }
      },
    }),
  ),
  fault(
    'iotlb/absence-is-remembered',
    'That nothing was mapped is cached, and a map does not flush it.',
    synthetic('VT-d, Caching Mode, with software that does not know it'),
    ['tlb-two-domains', 'outcome.is', 4],
    () => {
      const absent = new Set<string>();
      return {
        translator: class extends Translator {
          override translate(domain: number, iovaPfn: number, access: number): number {
            const key = `${domain} ${iovaPfn}`;
            if (absent.has(key)) return -1;
            const frame = super.translate(domain, iovaPfn, access);
            if (frame < 0 && this.table(domain)?.walk(iovaPfn) === -1) absent.add(key);
            return frame;
          }
        },
      };
    },
  ),
];
