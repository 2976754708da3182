/* How fast are the same TCE tables in plain C? Each function is called, none is inlined: this file is compiled alone. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "tce.h"

#define PRESENT 3ull

static inline uint64_t *next_block(uint64_t entry)
{
	return (uint64_t *)(uintptr_t)(entry & ~PRESENT);
}

static uint64_t *new_block(int shift)
{
	size_t bytes = (size_t)8 << shift;
	void *block = aligned_alloc(4096, bytes < 4096 ? 4096 : bytes);

	return block ? memset(block, 0, bytes) : NULL;
}

int tce_init(struct tce_table *table, int levels, int shift, int entries_shift)
{
	table->levels = levels;
	table->shift = shift;
	table->size = 1ull << entries_shift;
	table->top = new_block(shift);
	return table->top ? 0 : NO_MEMORY;
}

static void drop_below(uint64_t *block, int height, int shift)
{
	if (height == 0)
		return;
	for (uint64_t i = 0; i < 1ull << shift; i++) {
		uint64_t entry = be64toh(block[i]);

		if (!(entry & PRESENT))
			continue;
		drop_below(next_block(entry), height - 1, shift);
		free(next_block(entry));
		block[i] = 0;
	}
}

void tce_clear(struct tce_table *table)
{
	if (table->levels == 1)
		memset(table->top, 0, table->size * 8);
	else
		drop_below(table->top, table->levels - 1, table->shift);
}

void tce_destroy(struct tce_table *table)
{
	tce_clear(table);
	free(table->top);
}

/* The leaf entry; NULL under a missing level that is not to be made or cannot be. */
static uint64_t *slot(const struct tce_table *table, uint64_t index, int make)
{
	uint64_t *block = table->top, mask = (1ull << table->shift) - 1;

	for (int down = (table->levels - 1) * table->shift; down > 0; down -= table->shift) {
		uint64_t *entry = block + ((index >> down) & mask), value = be64toh(*entry);

		if (!(value & PRESENT)) {
			uint64_t *made = make ? new_block(table->shift) : NULL;

			if (!made)
				return NULL;
			value = (uint64_t)(uintptr_t)made | PRESENT;
			*entry = htobe64(value);
		}
		block = next_block(value);
	}
	return block + (index & mask);
}

int tce_put1(struct tce_table *table, uint64_t index, uint64_t tce)
{
	if (index >= table->size)
		return OUTSIDE;
	table->top[index] = htobe64(tce);
	return 0;
}

uint64_t tce_get1(const struct tce_table *table, uint64_t index)
{
	return index < table->size ? be64toh(table->top[index]) : 0;
}

/* Two levels written out, as in the TypeScript. */
int tce_put2(struct tce_table *table, uint64_t index, uint64_t tce)
{
	uint64_t up;

	if (index >= table->size)
		return OUTSIDE;
	up = be64toh(table->top[index >> table->shift]);
	if (!(up & PRESENT))
		return tce_put(table, index, tce);
	next_block(up)[index & ((1ull << table->shift) - 1)] = htobe64(tce);
	return 0;
}

uint64_t tce_get2(const struct tce_table *table, uint64_t index)
{
	uint64_t up;

	if (index >= table->size)
		return 0;
	up = be64toh(table->top[index >> table->shift]);
	return up & PRESENT ? be64toh(next_block(up)[index & ((1ull << table->shift) - 1)]) : 0;
}

int tce_put(struct tce_table *table, uint64_t index, uint64_t tce)
{
	uint64_t *at;

	if (index >= table->size)
		return OUTSIDE;
	at = slot(table, index, tce != 0);
	if (!at)
		return tce ? NO_MEMORY : 0;
	*at = htobe64(tce);
	return 0;
}

uint64_t tce_get(const struct tce_table *table, uint64_t index)
{
	const uint64_t *at = index < table->size ? slot(table, index, 0) : NULL;

	return at ? be64toh(*at) : 0;
}

/* From `index` to the end of its block of leaves or of the range. */
static inline uint64_t stretch(const struct tce_table *table, uint64_t index, uint64_t left)
{
	uint64_t span = 1ull << table->shift, rest = span - (index & (span - 1));

	return rest < left ? rest : left;
}

int tce_fill(struct tce_table *table, uint64_t index, uint64_t count, uint64_t tce)
{
	if (count > table->size || index > table->size - count)
		return OUTSIDE;
	while (count) {
		uint64_t n = stretch(table, index, count), value = htobe64(tce), *at = slot(table, index, 1);

		if (!at)
			return NO_MEMORY;
		for (uint64_t i = 0; i < n; i++)
			at[i] = value;
		index += n;
		count -= n;
	}
	return 0;
}

int tce_put_list(struct tce_table *table, uint64_t index, uint64_t count, const uint64_t *list)
{
	if (count > table->size || index > table->size - count)
		return OUTSIDE;
	while (count) {
		uint64_t n = stretch(table, index, count), *at = slot(table, index, 1);

		if (!at)
			return NO_MEMORY;
		for (uint64_t i = 0; i < n; i++)
			at[i] = htobe64(list[i]);
		list += n;
		index += n;
		count -= n;
	}
	return 0;
}
