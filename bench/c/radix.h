/* What can the plain C page table do? The peer of impl/radix: same format, same checks, same account of table pages. */
#ifndef RADIX_H
#define RADIX_H

#include <stdint.h>

enum { MAPPED = -1, NO_MEMORY = -2, RANGE = -3, INVALID = -4 };

struct arena {
	uint64_t *words;
	uint16_t *live;
	uint32_t *returned;
	uint32_t pages, returned_count, untouched, in_use;
	uint64_t base_frame;
};

struct table {
	struct arena *arena;
	uint64_t *root;
};

struct leaf {
	uint64_t pfn;
	int prot, level;
};

void arena_init(struct arena *arena, uint32_t pages, uint64_t base_frame);
int table_init(struct table *table, struct arena *arena);
int64_t radix_walk(const struct table *table, uint64_t iova_pfn, struct leaf *leaf);
int radix_map(struct table *table, uint64_t iova_pfn, uint64_t pfn, uint64_t pages, int prot);
int64_t radix_unmap(struct table *table, uint64_t iova_pfn, uint64_t pages);

#endif
