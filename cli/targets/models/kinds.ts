// Which of QEMU's IOMMUs are judged, on which machines, and by which program of QEMU?
import type { Kind } from '../../../conformance/targets/qtest/model.js';
import { VTD } from '../../../conformance/targets/vtd/legacy.js';
import type { Machine } from '../../../spec/protocol/hardware.js';
import { type Program, X86 } from '../qemu/find.js';

export interface Judged {
  readonly kind: Kind;
  readonly program: Program;
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

export const MODELS: { readonly [name: string]: Judged } = {
  vtd: {
    kind: VTD,
    program: X86,
    machines: {
      'two levels': machine('vt-d'),
      'two levels of 2^9': machine('vt-d', { bits: 9 }),
      'three levels': machine('vt-d', { levels: 3, bits: 1 }),
      'one level, caching mode': machine('vt-d', { levels: 1, bits: 4, cachingMode: true }),
      'three devices, one with ATS': machine('vt-d', { devices: ATS }),
    },
  },
};
