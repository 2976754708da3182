/*
 * Does a walker that was written from the manuals' words, and not from the tables, agree with the vectors?
 * It knows nothing of spec/hardware/formats; each format is spelled out with masks and shifts.
 */
#include <stdio.h>
#include <string.h>
#include "vectors.h"

#define BIT(n) (1ull << (n))
#define LOW(n) ((n) >= 64 ? ~0ull : BIT(n) - 1)

static int canonical(uint64_t a, int bits)
{
	uint64_t high = a >> (bits - 1);

	return high == 0 || high == (~0ull >> (bits - 1));
}

/* VT-d second stage: R 0, W 1, PS 7 */
static enum iommu_fault vtd_ss(const struct iommu_vector *v, int levels, uint64_t *pa)
{
	uint64_t base = v->root, e, able = 3, want = v->write ? 2 : 1;
	int l, shift;

	if (v->address >> (12 + 9 * levels))
		return IOMMU_ADDRESS;
	for (l = levels; ; l--) {
		shift = 3 + 9 * l;
		e = iommu_vector_read(v, base + ((v->address >> shift) & 511) * 8);
		if (!(e & 3))
			return IOMMU_NOT_PRESENT;
		if (e & BIT(62))
			return IOMMU_RESERVED;
		able &= e;
		base = e & LOW(52) & ~LOW(12);
		if (l == 1 || (l <= 3 && (e & BIT(7))))
			break;
		if ((e & BIT(11)) || (e & BIT(7)))
			return IOMMU_RESERVED;
	}
	if (base & LOW(shift))
		return IOMMU_RESERVED;
	if (!(able & want))
		return IOMMU_PERMISSION;
	*pa = base | (v->address & LOW(shift));
	return IOMMU_OK;
}

/* x86-64: P 0, RW 1, US 2, PS 7, PAT of a large leaf 12 */
static enum iommu_fault x86(const struct iommu_vector *v, int levels, uint64_t *pa)
{
	uint64_t base = v->root, e, able = 6, want = v->write ? 6 : 4;
	int l, shift;

	if (!canonical(v->address, 12 + 9 * levels))
		return IOMMU_ADDRESS;
	for (l = levels; ; l--) {
		shift = 3 + 9 * l;
		e = iommu_vector_read(v, base + ((v->address >> shift) & 511) * 8);
		if (!(e & 1))
			return IOMMU_NOT_PRESENT;
		able &= e;
		base = e & LOW(52) & ~LOW(12);
		if (l == 1)
			break;
		if (e & BIT(7)) {
			if (l > 3 || (base & LOW(shift) & ~LOW(13)))
				return IOMMU_RESERVED;
			base &= ~LOW(shift);
			break;
		}
	}
	if ((able & want) != want)
		return IOMMU_PERMISSION;
	*pa = base | (v->address & LOW(shift));
	return IOMMU_OK;
}

/* AMD v1: PR 0, NextLevel 11:9, IR 61, IW 62 */
static enum iommu_fault amd_v1(const struct iommu_vector *v, int levels, uint64_t *pa)
{
	uint64_t base = v->root, e, able = 3;
	int l = levels, next, shift, size;

	if (levels < 6 && v->address >> (12 + 9 * levels))
		return IOMMU_ADDRESS;
	for (;;) {
		shift = 3 + 9 * l;
		e = iommu_vector_read(v, base + ((v->address >> shift) & (l == 6 ? 127 : 511)) * 8);
		if (!(e & 1))
			return IOMMU_NOT_PRESENT;
		able &= e >> 61;
		next = e >> 9 & 7;
		base = e & LOW(52) & ~LOW(12);
		if (next == 0 || next == 7)
			break;
		if (next >= l)
			return IOMMU_RESERVED;
		if (v->address & LOW(shift) & ~LOW(12 + 9 * next))
			return IOMMU_ADDRESS;
		l = next;
	}
	if (l == 6)
		return IOMMU_RESERVED;
	size = shift;
	if (next == 7) {
		for (size = 12; size < 52 && (e & BIT(size)); size++)
			;
		size++;
		if (size <= shift || size >= shift + 9 || size > 51)
			return IOMMU_RESERVED;
	}
	if (!(able & (v->write ? 2 : 1)))
		return IOMMU_PERMISSION;
	*pa = (base & ~LOW(size)) | (v->address & LOW(size));
	return IOMMU_OK;
}

/* ARM LPAE; l counts as ARM does: the last level is 3 */
static enum iommu_fault arm(const struct iommu_vector *v, int stage, int granule, int bits, int start, uint64_t *pa)
{
	uint64_t base = v->root, e, denied = 0, low;
	int l, shift, stride = granule - 3, oas = bits;

	if (v->address >> bits)
		return IOMMU_ADDRESS;
	for (l = start; ; l++) {
		shift = granule + stride * (3 - l);
		low = v->address >> shift;
		if (l > start)
			low &= LOW(stride);
		e = iommu_vector_read(v, base + low * 8);
		if (!(e & 1))
			return IOMMU_NOT_PRESENT;
		base = e & LOW(48) & ~LOW(granule);
		if (bits == 52)
			base |= (e >> 12 & 15) << 48;
		if (l == 3) {
			if (!(e & 2))
				return IOMMU_NOT_PRESENT;
			break;
		}
		if (!(e & 2)) {
			if (!(l == 2 || (l == 1 && (granule == 12 || (granule == 16 && bits == 52)))))
				return IOMMU_NOT_PRESENT;
			base &= ~LOW(shift) | ((uint64_t)(bits == 52) * (15ull << 48));
			break;
		}
		if (base >> oas)
			return IOMMU_OUTPUT;
		if (stage == 1)
			denied |= e >> 61 & 3;
	}
	if (base >> oas)
		return IOMMU_OUTPUT;
	if (!(e & BIT(10)))
		return IOMMU_ACCESS_FLAG;
	if (stage == 1) {
		if (!(e & BIT(6)) || (denied & 1) || (v->write && ((e & BIT(7)) || (denied & 2))))
			return IOMMU_PERMISSION;
	} else if (!(e & (v->write ? BIT(7) : BIT(6))))
		return IOMMU_PERMISSION;
	*pa = base | (v->address & LOW(shift));
	return IOMMU_OK;
}

/* RISC-V: V R W X U G A D, PPN from bit 10, N 63 */
static enum iommu_fault riscv(const struct iommu_vector *v, int levels, int wider, uint64_t *pa)
{
	int bits = 12 + 9 * levels + wider, l, shift;
	uint64_t base = v->root, e;

	if (wider ? v->address >> bits != 0 : !canonical(v->address, bits))
		return IOMMU_ADDRESS;
	for (l = levels - 1; ; l--) {
		shift = 12 + 9 * l;
		e = iommu_vector_read(v, base + ((v->address >> shift) & (LOW(9 + (l == levels - 1 ? wider : 0)))) * 8);
		if (!(e & 1))
			return IOMMU_NOT_PRESENT;
		if ((e & 6) == 4 || (e & LOW(63) & ~LOW(54)))
			return IOMMU_RESERVED;
		base = (e >> 10 & LOW(44)) << 12;
		if (e & 14)
			break;
		if (l == 0 || (e & BIT(63)) || (e & 0xd0))
			return IOMMU_RESERVED;
	}
	if (e & BIT(63)) {
		if (l || (e >> 10 & 15) != 8)
			return IOMMU_RESERVED;
		shift = 16;
		base &= ~LOW(16);
	}
	if (base & LOW(shift))
		return IOMMU_RESERVED;
	if (!(e & BIT(6)))
		return IOMMU_ACCESS_FLAG;
	if (v->write && !(e & BIT(7)) )
		return IOMMU_DIRTY_FLAG;
	if (!(e & BIT(4)) || !(e & (v->write ? 4 : 2)))
		return IOMMU_PERMISSION;
	*pa = base | (v->address & LOW(shift));
	return IOMMU_OK;
}

static enum iommu_fault walk(const struct iommu_vector *v, uint64_t *pa)
{
	const char *f = v->format;
	int n;

	if (sscanf(f, "vtd-ss-%d", &n) == 1)
		return vtd_ss(v, n, pa);
	if (sscanf(f, "vtd-fs-%d", &n) == 1 || sscanf(f, "amd-v2-%d", &n) == 1)
		return x86(v, n, pa);
	if (sscanf(f, "amd-v1-%d", &n) == 1)
		return amd_v1(v, n, pa);
	if (sscanf(f, "riscv-sv%d", &n) == 1)
		return riscv(v, (n - 12) / 9, strstr(f, "x4") ? 2 : 0, pa);
	if (!strcmp(f, "arm-s1-4k"))
		return arm(v, 1, 12, 48, 0, pa);
	if (!strcmp(f, "arm-s1-16k"))
		return arm(v, 1, 14, 48, 0, pa);
	if (!strcmp(f, "arm-s1-64k"))
		return arm(v, 1, 16, 48, 1, pa);
	if (!strcmp(f, "arm-s1-64k-52"))
		return arm(v, 1, 16, 52, 1, pa);
	if (!strcmp(f, "arm-s2-4k"))
		return arm(v, 2, 12, 48, 0, pa);
	if (!strcmp(f, "arm-s2-4k-40"))
		return arm(v, 2, 12, 40, 1, pa);
	if (!strcmp(f, "arm-s2-16k"))
		return arm(v, 2, 14, 48, 1, pa);
	if (!strcmp(f, "arm-s2-64k"))
		return arm(v, 2, 16, 48, 1, pa);
	if (!strcmp(f, "arm-s2-64k-44"))
		return arm(v, 2, 16, 44, 2, pa);
	return -1;
}

int main(void)
{
	const struct iommu_vector *wrong = 0;
	unsigned int failed = iommu_vectors_check(walk, &wrong);

	if (failed)
		printf("%u of %u wrong, the last: %s: %s\n", failed, (unsigned int)IOMMU_VECTORS, wrong->format, wrong->name);
	else
		printf("all %u right\n", (unsigned int)IOMMU_VECTORS);
	return failed != 0;
}
