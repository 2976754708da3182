/* How does a C program run the same cases as the TypeScript bench? One line in: "case size passes"; one line out:
 * "nanoseconds check", the best pass and what was computed. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static inline uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* 0 to count - 1 in the order that bench/sequences.ts makes from the same seed. */
static inline void shuffle(uint32_t *order, uint32_t count)
{
	uint32_t state = 1;

	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t j = next_random(&state) % (i + 1), swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
}

#endif
