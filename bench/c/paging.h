/* What can the plain C page table do? The peer of impl/paging: VT-d second stage, four levels, the same contract. */
#ifndef PAGING_H
#define PAGING_H

#include <stdint.h>

enum { MAPPED = -1, NO_MEMORY = -2, RANGE = -3, INVALID = -4 };

struct arena {
	uint64_t *words;
	uint32_t *returned, *waiting;
	uint32_t pages, returned_count, waiting_count, untouched, in_use;
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
void arena_release(struct arena *arena);
int table_init(struct table *table, struct arena *arena);
int64_t paging_walk(const struct table *table, uint64_t iova_pfn, struct leaf *leaf);
int paging_map(struct table *table, uint64_t iova_pfn, uint64_t pfn, uint64_t pages, int prot);
int64_t paging_unmap(struct table *table, uint64_t iova_pfn, uint64_t pages);

#endif
