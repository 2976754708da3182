// Which of QEMU's IOMMUs are judged, on which machines, and by which program of QEMU?
import { AMD } from '../../../conformance/targets/amd/amd.js';
import type { Kind } from '../../../conformance/targets/qtest/model.js';
import { RISCV_FIRST, RISCV_SECOND } from '../../../conformance/targets/riscv/riscv.js';
import { SMMU_NESTED, SMMU_STAGE_1, SMMU_STAGE_2 } from '../../../conformance/targets/smmuv3/smmuv3.js';
import { VTD } from '../../../conformance/targets/vtd/legacy.js';
import { VTD_FIRST_STAGE, VTD_SECOND_STAGE } from '../../../conformance/targets/vtd/scalable.js';
import type { Machine } from '../../../spec/protocol/hardware.js';
import { ARM, type Program, RISCV, X86 } from '../qemu/find.js';

export interface Judged {
  readonly kind: Kind;
  readonly program: Program;
  /** `npm run targets -- vtd`. */
  readonly lane: string;
  /** The first version of QEMU that has it. */
  readonly since?: string;
  /** The machines of its random walks, by name. */
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
  'two levels': machine('vt-d'),
  'two levels of 2^9': machine('vt-d', { bits: 9 }),
  'three levels': machine('vt-d', { levels: 3, bits: 1 }),
  'one level, caching mode': machine('vt-d', { levels: 1, bits: 4, cachingMode: true }),
  'three devices, one with ATS': machine('vt-d', { devices: ATS }),
};
const VTD_HERE = { program: X86, lane: 'vtd', machines: VTD_MACHINES };

const SMMU_HERE = {
  program: ARM,
  lane: 'smmuv3',
  machines: {
    'two levels': machine('smmu-v3'),
    'two levels of 2^9': machine('smmu-v3', { bits: 9 }),
    'three levels': machine('smmu-v3', { levels: 3, bits: 1 }),
    'one level': machine('smmu-v3', { levels: 1, bits: 4 }),
  },
};

const RISCV_HERE = {
  program: RISCV,
  lane: 'riscv',
  since: '9.1',
  machines: {
    'two levels': machine('risc-v'),
    'two levels of 2^9': machine('risc-v', { bits: 9 }),
    'three levels': machine('risc-v', { levels: 3, bits: 1 }),
    'one level': machine('risc-v', { levels: 1, bits: 4 }),
    'three devices, one with ATS': machine('risc-v', { devices: ATS }),
  },
};

export const MODELS: { readonly [name: string]: Judged } = {
  vtd: { kind: VTD, ...VTD_HERE },
  'vtd-second-stage': { kind: VTD_SECOND_STAGE, ...VTD_HERE },
  'vtd-first-stage': { kind: VTD_FIRST_STAGE, ...VTD_HERE, since: '10.0' },
  smmuv3: { kind: SMMU_STAGE_1, ...SMMU_HERE },
  'smmuv3-stage-2': { kind: SMMU_STAGE_2, ...SMMU_HERE, since: '8.1' },
  'smmuv3-nested': { kind: SMMU_NESTED, ...SMMU_HERE, since: '9.1' },
  riscv: { kind: RISCV_FIRST, ...RISCV_HERE },
  'riscv-second-stage': { kind: RISCV_SECOND, ...RISCV_HERE },
  amd: {
    kind: AMD,
    program: X86,
    lane: 'amd',
    machines: {
      'two levels': machine('amd'),
      'two levels of 2^9': machine('amd', { bits: 9 }),
      'three levels': machine('amd', { levels: 3, bits: 1 }),
      'one level': machine('amd', { levels: 1, bits: 4 }),
      'three devices, one with ATS': machine('amd', { devices: ATS }),
    },
  },
};

/** Each runs one model, or one model in several modes. */
export const LANES: readonly string[] = [...new Set(Object.values(MODELS).map(m => m.lane))];

/** Has this QEMU the model? */
export const isIn = ({ since }: Judged, version: string): boolean =>
  since === undefined || version.localeCompare(since, 'en', { numeric: true }) >= 0;
