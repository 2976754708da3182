/* What do the plain C TCE tables need for the cases of bench/tce.ts? */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "tce.h"

#define BATCH 512
#define SPARSE_SHIFT 30

static struct tce_table table;
static uint64_t list[BATCH];

static inline uint64_t value_of(uint32_t index)
{
	return ((uint64_t)index + 0x80000) << 12 | 3;
}

/* One pass over all entries: the sum of what the calls answered. */
#define EACH(at, call) \
	do { \
		for (uint32_t i = 0; i < size; i++) { \
			uint32_t n = at; \
			sum += (uint64_t)call; \
		} \
	} while (0)
#define PUT(levels, n) tce_put##levels(&table, n, value_of(n))
#define CASE(kind, levels, order) ((kind) << 16 | (levels) << 8 | (order))

static uint64_t pass(const char *name, const uint32_t *order, uint32_t size)
{
	uint64_t sum = 0;
	uint32_t low = 0, high = 0;

	switch (CASE(name[0], name[1], name[2])) {
	case CASE('p', '1', 's'):
		EACH(i, PUT(1, n));
		return sum;
	case CASE('p', '1', 'r'):
		EACH(order[i], PUT(1, n));
		return sum;
	case CASE('p', '2', 's'):
		EACH(i, PUT(2, n));
		return sum;
	case CASE('p', '4', 's'):
		EACH(i, PUT(, n));
		return sum;
	case CASE('g', '1', 's'):
		EACH(i, tce_get1(&table, n));
		return sum;
	case CASE('g', '1', 'r'):
		EACH(order[i], tce_get1(&table, n));
		return sum;
	case CASE('g', '2', 's'):
		EACH(i, tce_get2(&table, n));
		return sum;
	case CASE('g', '4', 's'):
		EACH(i, tce_get(&table, n));
		return sum;
	case CASE('w', '1', 's'):
		for (uint32_t i = 0; i < size; i++) {
			uint64_t tce = tce_get1(&table, i);

			low += (uint32_t)tce;
			high += (uint32_t)(tce >> 32);
		}
		return (uint64_t)high << 32 | low;
	case CASE('f', '1', 's'):
		for (uint32_t i = 0; i + BATCH <= size; i += BATCH)
			sum += (uint64_t)tce_fill(&table, i, BATCH, value_of(i));
		return sum;
	default:
		for (uint32_t i = 0; i + BATCH <= size; i += BATCH)
			sum += (uint64_t)tce_put_list(&table, i, BATCH, list);
		return sum;
	}
}

/* Clears a table of 2^30 entries of which `size`, far apart, are mapped. */
static void run_clear(uint32_t size, int passes)
{
	double best = 1e18;
	uint64_t stride = (1ull << SPARSE_SHIFT) / size;

	tce_init(&table, 2, 15, SPARSE_SHIFT);
	for (int i = 0; i < passes; i++) {
		double start, took;

		for (uint64_t n = 0; n < size; n++)
			tce_put2(&table, n * stride, value_of((uint32_t)n));
		start = now_ns();
		tce_clear(&table);
		took = now_ns() - start;
		if (took < best)
			best = took;
	}
	printf("%.4f %llu\n", best, (unsigned long long)tce_get2(&table, stride));
	fflush(stdout);
	tce_destroy(&table);
}

/* Case "p1s": p(ut), g(et), w(ords), f(ill), l(ist); levels; s(equential), r(andom). */
static void run(const char *name, uint32_t size, int passes)
{
	uint32_t *order = malloc(size * sizeof *order);
	int levels = name[1] - '0';
	uint64_t check = 0;
	double best = 1e18;

	shuffle(order, size);
	for (int i = 0; i < BATCH; i++)
		list[i] = value_of((uint32_t)i);
	tce_init(&table, levels, levels == 1 ? 24 : levels == 2 ? 13 : 9, 24);
	for (uint32_t i = 0; i < size; i++)
		tce_put(&table, i, value_of(i));
	for (int i = 0; i < passes; i++) {
		double start = now_ns(), took;

		check = pass(name, order, size);
		took = now_ns() - start;
		if (took < best)
			best = took;
	}
	printf("%.4f %llu\n", best / size, (unsigned long long)check);
	fflush(stdout);
	tce_destroy(&table);
	free(order);
}

int main(void)
{
	char name[16];
	uint32_t size;
	int passes;

	while (scanf("%15s %u %d", name, &size, &passes) == 3) {
		if (name[0] == 'c')
			run_clear(size, passes);
		else
			run(name, size, passes);
	}
	return 0;
}
