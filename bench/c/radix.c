/* How fast is the same radix page table in plain C? Leaves of 4K and 2M; larger leaves are never split here. */
#include <stdlib.h>
#include <string.h>

#include "radix.h"

#define PRESENT 3ull
#define LARGE 0x80ull
#define ADDRESS 0x000ffffffffff000ull

void arena_init(struct arena *arena, uint32_t pages, uint64_t base_frame)
{
	memset(arena, 0, sizeof *arena);
	arena->words = aligned_alloc(4096, (size_t)pages * 4096);
	memset(arena->words, 0, (size_t)pages * 4096);
	arena->live = calloc(pages, sizeof *arena->live);
	arena->returned = calloc(pages, sizeof *arena->returned);
	arena->pages = pages;
	arena->base_frame = base_frame;
}

static uint64_t *take(struct arena *arena)
{
	uint32_t page;

	if (arena->returned_count)
		page = arena->returned[--arena->returned_count];
	else if (arena->untouched < arena->pages)
		page = arena->untouched++;
	else
		return NULL;
	arena->in_use++;
	return arena->words + (size_t)page * 512;
}

static inline uint32_t page_of(const struct arena *arena, const uint64_t *entry)
{
	return (uint32_t)((entry - arena->words) >> 9);
}

static void give_back(struct arena *arena, uint64_t *table)
{
	arena->returned[arena->returned_count++] = page_of(arena, table);
	arena->in_use--;
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

#define IS_TABLE(entry) (((entry) & (PRESENT | LARGE)) == PRESENT)

/* Levels written out, as in the TypeScript: a loop over the levels takes half as long again. */
int64_t radix_walk(const struct table *table, uint64_t iova_pfn, struct leaf *leaf)
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

	if (iova_pfn >> 36)
		return NULL;
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

/* Frees the tables on the path that are empty now. */
static void prune(struct table *table, uint64_t iova_pfn)
{
	struct arena *arena = table->arena;
	uint64_t *path[4] = { 0 };
	int bottom = 3;

	path[3] = table->root;
	while (bottom > 0) {
		uint64_t entry = *slot(path[bottom], iova_pfn, bottom);

		if (!(entry & PRESENT) || (entry & LARGE))
			break;
		path[bottom - 1] = next_table(arena, entry);
		bottom--;
	}
	for (int level = bottom; level < 3 && !arena->live[page_of(arena, path[level])]; level++) {
		*slot(path[level + 1], iova_pfn, level + 1) = 0;
		arena->live[page_of(arena, path[level + 1])]--;
		give_back(arena, path[level]);
	}
}

/* The table at `level` over a page, made if it is missing. */
static int descend(struct table *table, uint64_t iova_pfn, int level, uint64_t **found)
{
	struct arena *arena = table->arena;
	uint64_t *at = table->root;

	for (int above = 3; above > level; above--) {
		uint64_t *entry = slot(at, iova_pfn, above);

		if (!(*entry & PRESENT)) {
			uint64_t *made = take(arena);

			if (!made) {
				prune(table, iova_pfn);
				return NO_MEMORY;
			}
			*entry = (arena->base_frame + page_of(arena, made)) << 12 | PRESENT;
			arena->live[page_of(arena, at)]++;
			at = made;
		} else if (*entry & LARGE) {
			return MAPPED;
		} else {
			at = next_table(arena, *entry);
		}
	}
	*found = at;
	return 0;
}

/* The part of a map that lies in one table; `step` pages per leaf. Answers the leaves written, or why not. */
static int64_t map_run(struct table *table, uint64_t iova_pfn, uint64_t pfn, uint64_t pages, int prot, int level)
{
	uint64_t step = 1ull << (9 * level), count = pages >> (9 * level), *at, *entry, value;
	uint64_t room = 512 - ((iova_pfn >> (9 * level)) & 511);
	int error = descend(table, iova_pfn, level, &at);

	if (error)
		return error;
	if (count > room)
		count = room;
	entry = slot(at, iova_pfn, level);
	for (uint64_t i = 0; i < count; i++)
		if (entry[i] & PRESENT)
			return MAPPED;
	value = pfn << 12 | (uint64_t)prot | (level ? LARGE : 0);
	for (uint64_t i = 0; i < count; i++, value += step << 12)
		entry[i] = value;
	table->arena->live[page_of(table->arena, at)] += count;
	return (int64_t)(count << (9 * level));
}

static int map_range(struct table *table, uint64_t iova_pfn, uint64_t pfn, uint64_t pages, int prot)
{
	uint64_t done = 0;

	while (done < pages) {
		uint64_t left = pages - done;
		int large = (((iova_pfn + done) | (pfn + done)) & 511) == 0 && left >= 512;
		int64_t run;

		if (!large && (((iova_pfn ^ pfn) & 511) == 0)) {
			uint64_t boundary = 512 - ((iova_pfn + done) & 511);

			left = left < boundary ? left : boundary;
		}
		run = map_run(table, iova_pfn + done, pfn + done, left, prot, large);
		if (run < 0) {
			if (done)
				radix_unmap(table, iova_pfn, done);
			return (int)run;
		}
		done += (uint64_t)run;
	}
	return 0;
}

int radix_map(struct table *table, uint64_t iova_pfn, uint64_t pfn, uint64_t pages, int prot)
{
	int large = pages == 512 && ((iova_pfn | pfn) & 511) == 0;

	if (prot < 1 || prot > 3 || !pages)
		return INVALID;
	if (iova_pfn + pages > 1ull << 36 || pfn + pages > 1ull << 40)
		return RANGE;
	if (pages == 1 || large) {
		uint64_t *entry = large ? find_slot(table, iova_pfn, 1) : find_slot(table, iova_pfn, 0);

		if (entry) {
			if (*entry & PRESENT)
				return MAPPED;
			*entry = pfn << 12 | (uint64_t)prot | (large ? LARGE : 0);
			table->arena->live[page_of(table->arena, entry)]++;
			return 0;
		}
	}
	return map_range(table, iova_pfn, pfn, pages, prot);
}

static int64_t unmap_range(struct table *table, uint64_t iova_pfn, uint64_t pages)
{
	struct arena *arena = table->arena;
	uint64_t end = iova_pfn + pages, removed = 0;

	for (uint64_t at = iova_pfn; at < end;) {
		uint64_t *level_table = table->root, *entry, span, last;
		int level = 3, present = 0;

		for (;; level--) {
			entry = slot(level_table, at, level);
			if (level == 0 || !(*entry & PRESENT) || (*entry & LARGE))
				break;
			level_table = next_table(arena, *entry);
		}
		span = 1ull << (9 * level);
		last = (at | (512 * span - 1)) + 1;
		if (last > end)
			last = end;
		if (level == 0) {
			for (uint64_t i = 0; i < last - at; i++) {
				present += (entry[i] & PRESENT) != 0;
				entry[i] = 0;
			}
			removed += (uint64_t)present;
			at = last;
		} else {
			if (*entry & LARGE) {
				if ((at & (span - 1)) || end - at < span)
					return INVALID;
				*entry = 0;
				present = 1;
				removed += span;
			}
			at = (at | (span - 1)) + 1;
		}
		if (present && !(arena->live[page_of(arena, level_table)] -= present))
			prune(table, at - 1);
	}
	return (int64_t)removed;
}

int64_t radix_unmap(struct table *table, uint64_t iova_pfn, uint64_t pages)
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
			if (!--table->arena->live[page_of(table->arena, entry)])
				prune(table, iova_pfn);
			return (int64_t)pages;
		}
	}
	return unmap_range(table, iova_pfn, pages);
}
