/* What does a plain C IOTLB in front of the plain C page table need for the cases of bench/tagged.ts? */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "paging.h"

#define DOMAINS 4
#define PAGES 100000u
#define IOVA 0x800000000ull
#define OUTPUT 0x200000ull

struct set {
	uint64_t tag[4], entry[4];
} __attribute__((aligned(64)));

struct iotlb {
	struct set *sets;
	uint8_t *next_way;
	uint32_t mask, last_generation, generation[DOMAINS];
	uint64_t hits, misses;
};

static struct table tables[DOMAINS];
static struct iotlb tlb;

static void tlb_init(uint32_t sets)
{
	free(tlb.sets);
	free(tlb.next_way);
	memset(&tlb, 0, sizeof tlb);
	tlb.sets = aligned_alloc(64, sets * sizeof *tlb.sets);
	memset(tlb.sets, 0, sets * sizeof *tlb.sets);
	tlb.next_way = calloc(sets, 1);
	tlb.mask = sets - 1;
	for (uint32_t domain = 0; domain < DOMAINS; domain++)
		tlb.generation[domain] = ++tlb.last_generation;
}

__attribute__((noinline)) static int64_t translate(uint32_t domain, uint64_t iova_pfn, uint64_t access)
{
	uint32_t index = ((uint32_t)iova_pfn + domain * 97) & tlb.mask, turn;
	struct set *set = &tlb.sets[index];
	uint64_t tag;
	struct leaf leaf;

	if (iova_pfn >> 36 || domain >= DOMAINS)
		return -1;
	tag = (uint64_t)tlb.generation[domain] << 36 | iova_pfn;
	for (int way = 0; way < 4; way++) {
		if (set->tag[way] == tag) {
			uint64_t entry = set->entry[way];

			tlb.hits++;
			return (access & ~entry & 3) ? -1 : (int64_t)(entry >> 12);
		}
	}
	tlb.misses++;
	if (paging_walk(&tables[domain], iova_pfn, &leaf) < 0)
		return -1;
	turn = tlb.next_way[index];
	tlb.next_way[index] = (turn + 1) & 3;
	set->tag[turn] = tag;
	set->entry[turn] = leaf.pfn << 12 | (uint64_t)leaf.prot;
	return (access & ~(uint64_t)leaf.prot) ? -1 : (int64_t)leaf.pfn;
}

__attribute__((noinline)) static void invalidate_domain(uint32_t domain)
{
	tlb.generation[domain] = ++tlb.last_generation;
}

/* The same by a look at every entry: what a cache without generations does. */
__attribute__((noinline)) static void scan_domain(uint32_t domain)
{
	for (uint32_t set = 0; set <= tlb.mask; set++)
		for (int way = 0; way < 4; way++)
			if (tlb.sets[set].tag[way] >> 36 == tlb.generation[domain])
				tlb.sets[set].tag[way] = 0;
}

/* Case: h(it) or m(iss), d(omain invalidation), s(can instead, at 1024 x 4); the trace is that of bench/tagged.ts. */
static void run(char kind, uint32_t size, int passes)
{
	uint32_t *order = malloc(PAGES * sizeof *order), *trace = malloc(size * sizeof *trace);
	uint64_t sum = 0;
	double best = 1e18;

	tlb_init(kind == 'h' ? 256 : kind == 's' ? 1024 : 64);
	shuffle(order, PAGES);
	for (uint32_t i = 0; i < size; i++)
		trace[i] = kind == 'm' ? order[i % PAGES] : i % 200;
	for (int i = 0; i <= passes; i++) {
		double start = now_ns(), took;

		sum = 0;
		if (kind == 'd')
			for (uint32_t k = 0; k < size; k++)
				invalidate_domain(k & 3);
		else if (kind == 's')
			for (uint32_t k = 0; k < size; k++)
				scan_domain(k & 3);
		else
			for (uint32_t k = 0; k < size; k++)
				sum += (uint64_t)translate(k & 3, IOVA + trace[k], 1);
		took = now_ns() - start;
		if (i > 0 && took < best)
			best = took;
	}
	printf("%.4f %llu/%llu/%llu\n", best / size, (unsigned long long)sum, (unsigned long long)tlb.hits,
	       (unsigned long long)tlb.misses);
	fflush(stdout);
	free(order);
	free(trace);
}

int main(void)
{
	struct arena arena;
	char name[16];
	uint32_t size;
	int passes;

	arena_init(&arena, 1024, 0x100000);
	for (int domain = 0; domain < DOMAINS; domain++) {
		table_init(&tables[domain], &arena);
		for (uint32_t page = 0; page < PAGES; page++)
			paging_map(&tables[domain], IOVA + page, OUTPUT + page, 1, 3);
	}
	while (scanf("%15s %u %d", name, &size, &passes) == 3)
		run(name[0], size, passes);
	return 0;
}
