/* What does the plain C page table need for the cases of bench/radix.ts? */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "radix.h"

#define IOVA 0x800000000ull
#define SHIFT (IOVA - 0x200000ull)

static struct table table;

/* One pass over all units, of `pages` pages each: the sum of what the calls answered. */
static uint64_t pass(char kind, const uint64_t *iova, uint32_t size, uint64_t pages)
{
	uint64_t sum = 0;
	struct leaf leaf;

	if (kind == 'm')
		for (uint32_t i = 0; i < size; i++)
			sum += (uint64_t)radix_map(&table, iova[i], iova[i] - SHIFT, pages, 3) + 1;
	else if (kind == 'u')
		for (uint32_t i = 0; i < size; i++)
			sum += (uint64_t)radix_unmap(&table, iova[i], pages);
	else
		for (uint32_t i = 0; i < size; i++)
			sum += (uint64_t)radix_walk(&table, iova[i], &leaf);
	return sum;
}

/* Case "m4s": m(ap), u(nmap), w(alk); 4 (4K), r (256 x 4K), 2 (2M); s(equential), r(andom). */
static void run(const char *name, uint32_t size, int passes)
{
	uint32_t *order = malloc(size * sizeof *order);
	uint64_t *iova = malloc(size * sizeof *iova);
	uint64_t pages = name[1] == '4' ? 1 : name[1] == 'r' ? 256 : 512, check = 0;
	double best = 1e18;

	shuffle(order, size);
	if (name[2] == 's')
		for (uint32_t i = 0; i < size; i++)
			order[i] = i;
	for (uint32_t i = 0; i < size; i++)
		iova[i] = IOVA + order[i] * pages;
	if (name[0] == 'w')
		pass('m', iova, size, pages);
	for (int i = 0; i < passes; i++) {
		double start, took;

		if (name[0] == 'u')
			pass('m', iova, size, pages);
		start = now_ns();
		check = pass(name[0], iova, size, pages);
		took = now_ns() - start;
		if (took < best)
			best = took;
		if (name[0] == 'm')
			pass('u', iova, size, pages);
	}
	if (name[0] == 'w')
		pass('u', iova, size, pages);
	printf("%.4f %llu/%u\n", best / size, (unsigned long long)check, table.arena->in_use);
	fflush(stdout);
	free(order);
	free(iova);
}

int main(void)
{
	struct arena arena;
	char name[16];
	uint32_t size;
	int passes;

	arena_init(&arena, 2048, 0x100000);
	table_init(&table, &arena);
	while (scanf("%15s %u %d", name, &size, &passes) == 3)
		run(name, size, passes);
	return 0;
}
