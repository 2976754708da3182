/* What is a TCE table in plain C? */
#ifndef TCE_H
#define TCE_H

#include <stdint.h>

#define OUTSIDE (-1)
#define NO_MEMORY (-2)

/* Levels of 2^shift entries each, big-endian; blocks below the top are made when they are first put into. */
struct tce_table {
	uint64_t *top;
	uint64_t size;
	int levels;
	int shift;
};

int tce_init(struct tce_table *table, int levels, int shift, int entries_shift);
void tce_destroy(struct tce_table *table);

/* One entry of a table of one level, of two, and of any number. */
int tce_put1(struct tce_table *table, uint64_t index, uint64_t tce);
uint64_t tce_get1(const struct tce_table *table, uint64_t index);
int tce_put2(struct tce_table *table, uint64_t index, uint64_t tce);
uint64_t tce_get2(const struct tce_table *table, uint64_t index);
int tce_put(struct tce_table *table, uint64_t index, uint64_t tce);
uint64_t tce_get(const struct tce_table *table, uint64_t index);

/* Batches: `count` entries of one value, or of `list`; zero for the whole table. */
int tce_fill(struct tce_table *table, uint64_t index, uint64_t count, uint64_t tce);
int tce_put_list(struct tce_table *table, uint64_t index, uint64_t count, const uint64_t *list);
void tce_clear(struct tce_table *table);

#endif
