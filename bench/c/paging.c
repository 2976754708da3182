/* How fast is the same page table in plain C? Maps are all or nothing, an unmap ends at the first hole, tables that an
 * unmap covers wait until they are released. Leaves of 4K and 2M. */
#include <stdlib.h>
#include <string.h>

#include "paging.h"

#define PRESENT 3ull
#define LARGE 0x80ull
#define ADDRESS 0x000ffffffffff000ull
#define IS_TABLE(entry) (((entry) & (PRESENT | LARGE)) == PRESENT)

void arena_init(struct arena *arena, uint32_t pages, uint64_t base_frame)
{
	memset(arena, 0, sizeof *arena);
	/* Fresh from the system: pages that are not touched are not there, and are zero. */
	arena->words = calloc(pages, 4096);
	arena->returned = calloc(pages, sizeof *arena->returned);
	arena->waiting = calloc(pages, sizeof *arena->waiting);
	arena->pages = pages;
	arena->base_frame = base_frame;
}

static uint64_t *take(struct arena *arena)
{
	uint32_t page;

	if (arena->returned_count) {
		page = arena->returned[--arena->returned_count];
		memset(arena->words + (size_t)page * 512, 0, 4096);
	} else if (arena->untouched < arena->pages) {
		page = arena->untouched++;
	} else {
		return NULL;
	}
	arena->in_use++;
	return arena->words + (size_t)page * 512;
}

static void unlink_table(struct arena *arena, const uint64_t *table)
{
	arena->waiting[arena->waiting_count++] = (uint32_t)((table - arena->words) >> 9);
	arena->in_use--;
}

void arena_release(struct arena *arena)
{
	while (arena->waiting_count)
		arena->returned[arena->returned_count++] = arena->waiting[--arena->waiting_count];
}

static inline uint64_t *next_table(const struct arena *arena, uint64_t entry)
{
	return arena->words + (((entry & ADDRESS) >> 12) - arena->base_frame) * 512;
}

static inline uint64_t *slot(uint64_t *table, uint64_t iova_pfn, int level)
{
	return table + ((iova_pfn >> (9 * level)) & 511);
}

int table_init(struct table *table, struct arena *arena)
{
	table->arena = arena;
	table->root = take(arena);
	return table->root ? 0 : NO_MEMORY;
}

/* Levels written out, as in the TypeScript: a loop over the levels takes half as long again. */
int64_t paging_walk(const struct table *table, uint64_t iova_pfn, struct leaf *leaf)
{
	const struct arena *arena = table->arena;
	uint64_t entry;
	int level = 0;

	if (iova_pfn >> 36)
		return -1;
	entry = *slot(table->root, iova_pfn, 3);
	if (!(entry & PRESENT))
		return -1;
	entry = *slot(next_table(arena, entry), iova_pfn, 2);
	if (IS_TABLE(entry)) {
		entry = *slot(next_table(arena, entry), iova_pfn, 1);
		if (IS_TABLE(entry))
			entry = *slot(next_table(arena, entry), iova_pfn, 0);
		else
			level = 1;
	} else {
		level = 2;
	}
	if (!(entry & PRESENT))
		return -1;
	leaf->prot = entry & PRESENT;
	leaf->level = level;
	leaf->pfn = ((entry & ADDRESS) >> 12) + (iova_pfn & ((1ull << (9 * level)) - 1));
	return (int64_t)leaf->pfn;
}

/* The entry of level 0 or 1 over a page, if the tables above it exist. */
static inline uint64_t *find_slot(const struct table *table, uint64_t iova_pfn, int level)
{
	const struct arena *arena = table->arena;
	uint64_t entry;

	entry = *slot(table->root, iova_pfn, 3);
	if (!(entry & PRESENT))
		return NULL;
	entry = *slot(next_table(arena, entry), iova_pfn, 2);
	if (!IS_TABLE(entry))
		return NULL;
	if (level == 1)
		return slot(next_table(arena, entry), iova_pfn, 1);
	entry = *slot(next_table(arena, entry), iova_pfn, 1);
	return IS_TABLE(entry) ? slot(next_table(arena, entry), iova_pfn, 0) : NULL;
}

static int large_fits(uint64_t iova_pfn, uint64_t pfn, uint64_t left)
{
	return ((iova_pfn | pfn) & 511) == 0 && left >= 512;
}

/* Is the range free? Holes in the tables are stepped over one table at a time. */
static int check_free(const struct table *table, uint64_t iova_pfn, uint64_t pfn, uint64_t pages)
{
	for (uint64_t done = 0; done < pages;) {
		uint64_t at = iova_pfn + done, *entry, room = 512 - (at & 511);

		if (large_fits(at, pfn + done, pages - done)) {
			entry = find_slot(table, at, 1);
			if (entry && (*entry & PRESENT))
				return MAPPED;
			done += 512;
			continue;
		}
		if (room > pages - done)
			room = pages - done;
		entry = find_slot(table, at, 0);
		if (entry) {
			for (uint64_t i = 0; i < room; i++)
				if (entry[i] & PRESENT)
					return MAPPED;
		} else {
			entry = find_slot(table, at, 1);
			if (entry && (*entry & LARGE))
				return MAPPED;
		}
		done += room;
	}
	return 0;
}

static uint64_t *make_slot(struct table *table, uint64_t iova_pfn, int level)
{
	struct arena *arena = table->arena;
	uint64_t *at = table->root;

	for (int above = 3; above > level; above--) {
		uint64_t *entry = slot(at, iova_pfn, above);

		if (!(*entry & PRESENT)) {
			uint64_t *made = take(arena);

			if (!made)
				return NULL;
			*entry = (arena->base_frame + (uint64_t)((made - arena->words) >> 9)) << 12 | PRESENT;
		}
		at = next_table(arena, *entry);
	}
	return slot(at, iova_pfn, level);
}

static int map_range(struct table *table, uint64_t iova_pfn, uint64_t pfn, uint64_t pages, int prot)
{
	int error = check_free(table, iova_pfn, pfn, pages);

	if (error)
		return error;
	for (uint64_t done = 0; done < pages;) {
		uint64_t at = iova_pfn + done, room = 512 - (at & 511), *entry, value;
		int large = large_fits(at, pfn + done, pages - done);

		entry = make_slot(table, at, large);
		if (!entry)
			return NO_MEMORY;
		value = (pfn + done) << 12 | (uint64_t)prot;
		if (large) {
			*entry = value | LARGE;
			done += 512;
			continue;
		}
		if (room > pages - done)
			room = pages - done;
		for (uint64_t i = 0; i < room; i++, value += 4096)
			entry[i] = value;
		done += room;
	}
	return 0;
}

int paging_map(struct table *table, uint64_t iova_pfn, uint64_t pfn, uint64_t pages, int prot)
{
	int large = pages == 512 && ((iova_pfn | pfn) & 511) == 0;

	if (prot < 1 || prot > 3 || !pages)
		return INVALID;
	if (iova_pfn + pages > 1ull << 36 || pfn + pages > 1ull << 40)
		return RANGE;
	if (pages == 1 || large) {
		uint64_t *entry = large ? find_slot(table, iova_pfn, 1) : find_slot(table, iova_pfn, 0);

		if (entry && !(large && IS_TABLE(*entry))) {
			if (*entry & PRESENT)
				return MAPPED;
			*entry = pfn << 12 | (uint64_t)prot | (large ? LARGE : 0);
			return 0;
		}
	}
	return map_range(table, iova_pfn, pfn, pages, prot);
}

static int64_t unmap_range(struct table *table, uint64_t iova_pfn, uint64_t pages)
{
	struct arena *arena = table->arena;
	uint64_t end = iova_pfn + pages, at = iova_pfn;

	while (at < end) {
		uint64_t *large = find_slot(table, at, 1), *entry, room = 512 - (at & 511), i;

		if (!large || !(*large & PRESENT))
			break;
		if (*large & LARGE) {
			if (at & 511)
				break;
			*large = 0;
			at += 512;
			continue;
		}
		if (room > end - at)
			room = end - at;
		entry = slot(next_table(arena, *large), at, 0);
		for (i = 0; i < room && (entry[i] & PRESENT); i++)
			entry[i] = 0;
		at += i;
		if (i < room)
			break;
		if (room == 512) {
			unlink_table(arena, next_table(arena, *large));
			*large = 0;
		}
	}
	return (int64_t)(at - iova_pfn);
}

int64_t paging_unmap(struct table *table, uint64_t iova_pfn, uint64_t pages)
{
	int large = pages == 512 && (iova_pfn & 511) == 0;

	if (!pages)
		return INVALID;
	if (iova_pfn + pages > 1ull << 36)
		return RANGE;
	if (pages == 1 || large) {
		uint64_t *entry = large ? find_slot(table, iova_pfn, 1) : find_slot(table, iova_pfn, 0);

		if (entry && (!large || (*entry & LARGE))) {
			if (!(*entry & PRESENT))
				return 0;
			*entry = 0;
			return (int64_t)pages;
		}
	}
	return unmap_range(table, iova_pfn, pages);
}
