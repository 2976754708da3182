// Where is the entry of a device in one of QEMU's IOMMUs, and what does the model say otherwise than the law's table?
import type { StructureVector } from '../../../spec/hardware/structures/vectors.js';

/** What a model answers otherwise, where its source says so. */
export interface KnownEntry {
  readonly says: string;
  readonly source: string;
  readonly of: (vector: StructureVector, code: Recorded) => boolean;
}

/** The number of the first record, undefined without one; or QEMU ended. */
export type Recorded = number | 'died' | undefined;

/** Where the entry of the first device stands, and what may be recorded of one. */
export interface EntrySite {
  readonly structure: string;
  readonly at: bigint;
  /** Numbers of flaws: none of them may be recorded of an entry that is right. */
  readonly flaws: readonly number[];
  readonly known: readonly KnownEntry[];
}

const flawOf = ({ expect }: StructureVector): string => (expect.is === 'flaw' ? expect.flaw : '');
const named = (vector: StructureVector, ...parts: readonly string[]): boolean =>
  parts.some(part => vector.name.includes(part));

const INTEL = 'hw/i386/intel_iommu.c';

export const VTD_ENTRIES = (at: bigint): EntrySite => ({
  structure: 'vtd-context',
  at,
  flaws: [0x1, 0x2, 0x3, 0xa, 0xb],
  known: [
    {
      says: 'addresses of the host have 48 bits here, and the bits above are reserved',
      source: `${INTEL}: vtd_context_entry_rsvd_bits_check, by aw-bits=48`,
      of: (v, code) => code === 0xb && v.expect.is === 'second' && named(v, 'root'),
    },
    {
      says: 'five levels are not there',
      source: `${INTEL}: vtd_is_sl_level_supported, by CAP.SAGAW`,
      of: ({ words }, code) => code === 0x3 && (words[1]! & 7n) === 3n,
    },
  ],
});

export const VTD_SCALABLE_ENTRIES = (at: bigint): EntrySite => ({
  structure: 'vtd-sm-context',
  at,
  flaws: [0x2, 0x3, 0xb, 0x41, 0x42],
  known: [
    {
      says: 'flaws have the numbers of legacy mode',
      source: `${INTEL}: vtd_dev_to_context_entry, and not 0x41 and 0x42`,
      of: (v, code) =>
        (flawOf(v) === 'not-present' && code === 0x2) || (flawOf(v) === 'reserved' && code === 0xb),
    },
    {
      says: 'addresses of the host have 48 bits here, and the bits above are reserved',
      source: `${INTEL}: vtd_context_entry_rsvd_bits_check, by aw-bits=48`,
      of: (v, code) => code === 0xb && named(v, 'table'),
    },
  ],
});

export const SMMU_ENTRIES = (at: bigint): EntrySite => ({
  structure: 'smmu-ste',
  at,
  flaws: [0x4],
  known: [
    {
      says: 'a second stage of AArch32 ends QEMU',
      source: 'hw/arm/smmuv3.c: decode_ste_s2_cfg, g_assert_not_reached; an entry that software writes',
      of: (v, code) => code === 'died' && named(v, 'AArch32'),
    },
    {
      says: 'the second stage is not there, or only with sizes that it takes',
      source: 'hw/arm/smmuv3.c: decode_ste, decode_ste_s2_cfg',
      of: (v, code) => code === 0x4 && (v.expect.is === 'second' || v.expect.is === 'nested'),
    },
    {
      says: 'several context descriptors and stalls are not there',
      source: 'hw/arm/smmuv3.c: decode_ste',
      of: (v, code) => code === 0x4 && named(v, 'substream-bits', 'stalled', 'not looked at'),
    },
  ],
});

const RISCV_CHECKS = 'hw/riscv/riscv-iommu.c: riscv_iommu_validate_device_ctx';

export const RISCV_ENTRIES = (at: bigint): EntrySite => ({
  structure: 'riscv-dc',
  at,
  flaws: [258, 259],
  known: [
    {
      says: 'reserved bits are not looked at',
      source: RISCV_CHECKS,
      of: (v, code) => flawOf(v) === 'reserved' && code !== 258,
    },
    {
      says: 'tables of 32 bits are taken',
      source: `${RISCV_CHECKS}; SXL=1 alone is no flaw`,
      of: v => named(v, 'tables of 32 bits'),
    },
    {
      says: 'the root of the second stage need not be aligned to 16 KiB',
      source: RISCV_CHECKS,
      of: v => named(v, 'not aligned to 16 KiB'),
    },
    {
      says: 'a mode that there is not is passed over, or has another number',
      source: 'hw/riscv/riscv-iommu.c: riscv_iommu_ctx_fetch, riscv_iommu_spa_fetch',
      of: v => named(v, 'a second stage that there is not', 'a first stage that there is not'),
    },
    {
      says: 'processes of 17 and 20 bits are not there',
      source: `${RISCV_CHECKS}, by capabilities`,
      of: ({ words, expect }, code) => code === 259 && expect.is === 'points' && words[3]! >> 60n > 1n,
    },
  ],
});
