/* What does the plain C page table need for the cases of bench/paging.ts? */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "paging.h"

#define IOVA 0x800000000ull
/* Elsewhere, because tables of 4K leaves stay. */
#define IOVA_LARGE 0x900000000ull
#define OUTPUT 0x200000ull

static struct table table;

/* One pass over all units, of `pages` pages each: the sum of what the calls answered. */
static uint64_t pass(char kind, const uint64_t *iova, const uint64_t *out, uint32_t size, uint64_t pages)
{
	uint64_t sum = 0;
	struct leaf leaf;

	if (kind == 'm')
		for (uint32_t i = 0; i < size; i++)
			sum += (uint64_t)paging_map(&table, iova[i], out[i], pages, 3) + 1;
	else if (kind == 'u')
		for (uint32_t i = 0; i < size; i++)
			sum += (uint64_t)paging_unmap(&table, iova[i], pages);
	else
		for (uint32_t i = 0; i < size; i++)
			sum += (uint64_t)paging_walk(&table, iova[i], &leaf);
	return sum;
}

/* Every page leads to the one that is walked next. */
static uint64_t chase(uint32_t size)
{
	uint64_t at = 0, sum = 0;
	struct leaf leaf;

	for (uint32_t i = 0; i < size; i++) {
		at = (uint64_t)paging_walk(&table, IOVA + at, &leaf) - OUTPUT;
		sum += at;
	}
	return sum;
}

/* Case "m4s": m(ap), u(nmap), w(alk), d(ependent walks); 4 (4K), r (256 x 4K), 2 (2M); s(equential), r(andom). */
static void run(const char *name, uint32_t size, int passes)
{
	uint32_t *order = malloc(size * sizeof *order);
	uint64_t *iova = malloc(size * sizeof *iova), *out = malloc(size * sizeof *out);
	uint64_t pages = name[1] == '4' ? 1 : name[1] == 'r' ? 256 : 512, check = 0;
	int walking = name[0] == 'w' || name[0] == 'd';
	double best = 1e18;

	shuffle(order, size);
	for (uint32_t i = 0; i < size; i++) {
		uint64_t unit = name[2] == 's' ? i : order[i];

		iova[i] = (pages == 512 ? IOVA_LARGE : IOVA) + unit * pages;
		out[i] = OUTPUT + unit * pages;
	}
	if (name[0] == 'd')
		for (uint32_t i = 0; i < size; i++) {
			iova[i] = IOVA + order[i];
			out[i] = OUTPUT + order[(i + 1) % size];
		}
	if (walking)
		pass('m', iova, out, size, pages);
	for (int i = 0; i < passes; i++) {
		double start, took;

		if (name[0] == 'u')
			pass('m', iova, out, size, pages);
		start = now_ns();
		check = name[0] == 'd' ? chase(size) : pass(name[0], iova, out, size, pages);
		took = now_ns() - start;
		if (took < best)
			best = took;
		if (name[0] == 'm')
			pass('u', iova, out, size, pages);
	}
	if (walking)
		pass('u', iova, out, size, pages);
	printf("%.4f %llu\n", best / size, (unsigned long long)check);
	fflush(stdout);
	free(order);
	free(iova);
	free(out);
}

int main(void)
{
	struct arena arena;
	char name[16];
	uint32_t size;
	int passes;

	arena_init(&arena, 1 << 17, 0x100000);
	table_init(&table, &arena);
	while (scanf("%15s %u %d", name, &size, &passes) == 3)
		run(name, size, passes);
	return 0;
}
