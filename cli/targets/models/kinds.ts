// Which of QEMU's IOMMUs are judged, on which machines, and by which program of QEMU?
import { AMD } from '../../../conformance/targets/amd/amd.js';
import type { Judgeable, Kind, Launch, Otherwise } from '../../../conformance/targets/qtest/model.js';
import { ModelSystem, misfit, OPERATIONS } from '../../../conformance/targets/qtest/system.js';
import { RISCV_FIRST, RISCV_SECOND } from '../../../conformance/targets/riscv/riscv.js';
import { SMMU_NESTED, SMMU_STAGE_1, SMMU_STAGE_2 } from '../../../conformance/targets/smmuv3/smmuv3.js';
import * as virtio from '../../../conformance/targets/virtio/system.js';
import { VTD } from '../../../conformance/targets/vtd/legacy.js';
import { VTD_FIRST_STAGE, VTD_SECOND_STAGE } from '../../../conformance/targets/vtd/scalable.js';
import type { Machine, Op } from '../../../spec/protocol/hardware.js';
import { ARM, type Program, RISCV, X86 } from '../qemu/find.js';

export interface Judged {
  readonly title: string;
  /** Undefined: it has no tables that software writes. */
  readonly kind?: Kind;
  readonly otherwise: readonly Otherwise[];
  readonly operations: readonly Op['op'][];
  /** Questions that it answers otherwise than by default. */
  readonly policies?: { readonly [policy: string]: string };
  misfit(machine: Machine): string | undefined;
  system(launch: Launch): Judgeable;
  readonly program: Program;
  /** `npm run targets -- vtd`. */
  readonly lane: string;
  /** The first version of QEMU that has it. */
  readonly since?: string;
  /** The machines of its random walks, by name, with which their runs begin. */
  readonly machines: { readonly [name: string]: Machine };
}

const TABLES = [{ free: false }, { free: false }, { free: false }, { free: false }];

const machine = (architecture: Machine['architecture'], more: Partial<Machine> = {}): Machine => ({
  architecture,
  cachingMode: false,
  nonLeafRange: architecture !== 'risc-v',
  lazy: false,
  levels: 2,
  bits: 2,
  devices: [
    { name: 'a', ats: false },
    { name: 'b', ats: false },
  ],
  pasids: [],
  tables: TABLES,
  spaces: [],
  ...more,
});

const ATS = [
  { name: 'a', ats: true },
  { name: 'b', ats: false },
  { name: 'c', ats: false },
];

const VTD_MACHINES = {
  'large leaves, two levels': machine('vt-d'),
  'large leaves, two levels of 2^9': machine('vt-d', { bits: 9 }),
  'large leaves, three levels': machine('vt-d', { levels: 3, bits: 1 }),
  'pages only, caching mode': machine('vt-d', { levels: 1, bits: 4, cachingMode: true }),
  'large leaves, three devices, one with ATS': machine('vt-d', { devices: ATS }),
};
const VTD_HERE = { program: X86, lane: 'vtd', machines: VTD_MACHINES };

const SMMU_HERE = {
  program: ARM,
  lane: 'smmuv3',
  machines: {
    'large leaves, two levels': machine('smmu-v3'),
    'large leaves, two levels of 2^9': machine('smmu-v3', { bits: 9 }),
    'large leaves, three levels': machine('smmu-v3', { levels: 3, bits: 1 }),
    'pages only': machine('smmu-v3', { levels: 1, bits: 4 }),
  },
};

const RISCV_HERE = {
  program: RISCV,
  lane: 'riscv',
  since: '9.1',
  machines: {
    'large leaves, two levels': machine('risc-v'),
    'large leaves, two levels of 2^9': machine('risc-v', { bits: 9 }),
    'large leaves, three levels': machine('risc-v', { levels: 3, bits: 1 }),
    'pages only': machine('risc-v', { levels: 1, bits: 4 }),
    'large leaves, three devices, one with ATS': machine('risc-v', { devices: ATS }),
  },
};

/** A machine with a driver of two spaces that never wants for a table. */
const driver = (architecture: Machine['architecture'], levels: number, bits: number): Machine =>
  machine(architecture, {
    levels,
    bits,
    tables: [...TABLES.slice(0, 2), ...Array.from({ length: 32 }, () => ({ free: true }))],
    spaces: [
      { tag: 1, table: 0 },
      { tag: 2, table: 1 },
    ],
  });

const of = (kind: Kind) => ({
  title: kind.title,
  kind,
  otherwise: kind.otherwise,
  operations: OPERATIONS,
  misfit: (m: Machine) => misfit(kind, m),
  system: (launch: Launch) => new ModelSystem(kind, launch),
});

export const MODELS: { readonly [name: string]: Judged } = {
  vtd: { ...of(VTD), ...VTD_HERE },
  'vtd-second-stage': { ...of(VTD_SECOND_STAGE), ...VTD_HERE },
  'vtd-first-stage': { ...of(VTD_FIRST_STAGE), ...VTD_HERE, since: '10.0' },
  smmuv3: { ...of(SMMU_STAGE_1), ...SMMU_HERE },
  'smmuv3-stage-2': { ...of(SMMU_STAGE_2), ...SMMU_HERE, since: '8.1' },
  'smmuv3-nested': { ...of(SMMU_NESTED), ...SMMU_HERE, since: '9.1' },
  riscv: { ...of(RISCV_FIRST), ...RISCV_HERE },
  'riscv-second-stage': { ...of(RISCV_SECOND), ...RISCV_HERE },
  amd: {
    ...of(AMD),
    program: X86,
    lane: 'amd',
    machines: {
      'large leaves, two levels': machine('amd'),
      'large leaves, two levels of 2^9': machine('amd', { bits: 9 }),
      'large leaves, three levels': machine('amd', { levels: 3, bits: 1 }),
      'pages only': machine('amd', { levels: 1, bits: 4 }),
      'large leaves, three devices, one with ATS': machine('amd', { devices: ATS }),
    },
  },
  virtio: {
    title: "QEMU's virtio-iommu",
    otherwise: virtio.OTHERWISE,
    operations: virtio.OPERATIONS,
    // An UNMAP is answered when it is done.
    policies: { 'iova-reuse': 'at-once' },
    misfit: virtio.misfit,
    system: launch => new virtio.VirtioSystem(launch),
    program: X86,
    lane: 'virtio',
    machines: {
      'two levels': driver('vt-d', 2, 2),
      'three levels': driver('smmu-v3', 3, 1),
      'one level': driver('amd', 1, 4),
      'two levels, a flush queue': { ...driver('risc-v', 2, 2), lazy: true },
    },
  },
};

/** Each runs one model, or one model in several modes. */
export const LANES: readonly string[] = [...new Set(Object.values(MODELS).map(m => m.lane))];

/** Has this QEMU the model? */
export const isIn = ({ since }: Judged, version: string): boolean =>
  since === undefined || version.localeCompare(since, 'en', { numeric: true }) >= 0;
