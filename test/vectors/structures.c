/*
 * Does a reader of entries that knows nothing of the law's tables agree with their vectors? Written from the macros of
 * Linux (drivers/iommu/intel, arm-smmu-v3, amd, riscv), not from the tables.
 */
#include <stdio.h>
#include <string.h>
#include "structures.h"

#define BIT(n) (1ULL << (n))
#define MASK(h, l) ((~0ULL >> (63 - (h))) & (~0ULL << (l)))
#define GET(w, h, l) (((w) & MASK(h, l)) >> (l))
#define ADDRESS MASK(51, 12)

typedef const uint64_t *words;

struct answer { enum iommu_says says; uint64_t root, tag; };

static struct answer flaw(enum iommu_says says)
{
	struct answer a = { says, 0, 0 };
	return a;
}

static struct answer does(enum iommu_says says, uint64_t root, uint64_t tag)
{
	struct answer a = { says, root, tag };
	return a;
}

static struct answer vtd_context(words w)
{
	unsigned int type = (w[0] >> 2) & 3, width = w[1] & 7, domain = (w[1] >> 8) & 0xffff;

	if (!(w[0] & 1))
		return flaw(IOMMU_SAYS_NOT_PRESENT);
	if ((w[0] & (0xff0ULL | ~MASK(51, 0))) || (w[1] & 0xffffffffff000080ULL))
		return flaw(IOMMU_SAYS_RESERVED);
	if (width < 1 || width > 3 || type == 3)
		return flaw(IOMMU_SAYS_INVALID);
	if (type == 2)
		return does(IOMMU_SAYS_PASSES, 0, domain);
	return does(IOMMU_SAYS_SECOND, w[0] & ADDRESS, domain);
}

static struct answer vtd_pasid(words w)
{
	unsigned int kind = GET(w[0], 8, 6), width = GET(w[0], 4, 2), levels = GET(w[2], 3, 2);
	uint64_t domain = w[1] & 0xffff;

	if (!(w[0] & 1))
		return flaw(IOMMU_SAYS_NOT_PRESENT);
	if ((w[0] & (BIT(5) | MASK(11, 10) | MASK(63, 52))) || (w[1] & (MASK(22, 16) | MASK(31, 27))) ||
	    (w[2] & (BIT(1) | MASK(63, 52))))
		return flaw(IOMMU_SAYS_RESERVED);
	if (kind == 4)
		return does(IOMMU_SAYS_PASSES, 0, domain);
	if (kind == 1 && levels < 2)
		return does(IOMMU_SAYS_FIRST, w[2] & ADDRESS, domain);
	if (kind == 2 && width >= 1 && width <= 3)
		return does(IOMMU_SAYS_SECOND, w[0] & ADDRESS, domain);
	if (kind == 3 && levels < 2 && width >= 1 && width <= 3)
		return does(IOMMU_SAYS_NESTED, w[2] & ADDRESS, domain);
	return flaw(IOMMU_SAYS_INVALID);
}

static struct answer smmu_ste(words w)
{
	unsigned int config = GET(w[0], 3, 1);

	if (!(w[0] & 1))
		return flaw(IOMMU_SAYS_INVALID);
	if (config < 4)
		return does(IOMMU_SAYS_BLOCKS, 0, 0);
	if (config > 5 && !(w[2] & BIT(51)))
		return flaw(IOMMU_SAYS_INVALID);
	switch (config) {
	case 4:
		return does(IOMMU_SAYS_PASSES, 0, 0);
	case 5:
		return does(IOMMU_SAYS_FIRST, w[0] & MASK(51, 6), w[2] & 0xffff);
	case 6:
		return does(IOMMU_SAYS_SECOND, w[3] & MASK(51, 4), w[2] & 0xffff);
	default:
		return does(IOMMU_SAYS_NESTED, w[3] & MASK(51, 4), w[2] & 0xffff);
	}
}

static struct answer amd_dte(words w)
{
	unsigned int mode = GET(w[0], 11, 9), guest = GET(w[0], 55, 55);
	uint64_t domain = w[1] & 0xffff;
	uint64_t gcr3 = GET(w[0], 60, 58) << 12 | GET(w[1], 31, 16) << 15 | GET(w[1], 63, 43) << 31;

	if (!(w[0] & 1))
		return does(IOMMU_SAYS_PASSES, 0, 0);
	if ((w[0] & (MASK(6, 2) | BIT(63))) || (w[2] & MASK(53, 52)) || (w[3] & (MASK(14, 0) | MASK(53, 48))))
		return flaw(IOMMU_SAYS_RESERVED);
	if (!(w[0] & 2))
		return does(IOMMU_SAYS_BLOCKS, 0, 0);
	if (mode == 7)
		return flaw(IOMMU_SAYS_INVALID);
	if (mode == 0)
		return guest ? does(IOMMU_SAYS_FIRST, gcr3, domain) : does(IOMMU_SAYS_PASSES, 0, domain);
	return does(guest ? IOMMU_SAYS_NESTED : IOMMU_SAYS_SECOND, w[0] & ADDRESS, domain);
}

static struct answer riscv_pc(words w)
{
	unsigned int mode = w[1] >> 60, pscid = GET(w[0], 31, 12);

	if (!(w[0] & 1))
		return flaw(IOMMU_SAYS_NOT_PRESENT);
	if ((w[0] & (MASK(11, 3) | MASK(63, 32))) || (w[1] & MASK(59, 44)))
		return flaw(IOMMU_SAYS_RESERVED);
	if (mode == 0)
		return does(IOMMU_SAYS_PASSES, 0, pscid);
	if (mode < 8 || mode > 10)
		return flaw(IOMMU_SAYS_INVALID);
	return does(IOMMU_SAYS_FIRST, GET(w[1], 43, 0) << 12, pscid);
}

static const struct reader {
	const char *structure;
	struct answer (*read)(words w);
	const char *root, *tag;
} readers[] = {
	{ "vtd-context", vtd_context, "root", "domain" },
	{ "vtd-pasid", vtd_pasid, "root", "domain" },
	{ "smmu-ste", smmu_ste, "root", "vmid" },
	{ "amd-dte", amd_dte, "root", "domain" },
	{ "riscv-pc", riscv_pc, "root", "pscid" },
};

/* Where a structure calls its root otherwise, that one. */
static uint64_t value(const struct iommu_structure_vector *v, const char *name, uint64_t other)
{
	unsigned int i;

	for (i = 0; i < v->count; i++)
		if (!strcmp(v->values[i].name, name))
			return v->values[i].value;
	if (!strcmp(name, "root")) {
		for (i = 0; i < v->count; i++)
			if (!strcmp(v->values[i].name, "context") || !strcmp(v->values[i].name, "guest-root"))
				return v->values[i].value;
	}
	return other;
}

int main(void)
{
	unsigned int i, j, read = 0, wrong = 0;

	for (i = 0; i < IOMMU_STRUCTURE_VECTORS; i++) {
		const struct iommu_structure_vector *v = &iommu_structure_vectors[i];

		for (j = 0; j < sizeof(readers) / sizeof(readers[0]); j++) {
			const struct reader *r = &readers[j];
			struct answer a;

			if (strcmp(r->structure, v->structure))
				continue;
			read++;
			a = r->read(v->words);
			if (a.says == v->says && a.root == value(v, r->root, 0) && a.tag == value(v, r->tag, 0))
				continue;
			wrong++;
			printf("%s: %s\n", v->structure, v->name);
		}
	}
	printf("%u read, %u wrong\n", read, wrong);
	return wrong != 0;
}
