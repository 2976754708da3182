// Which codecs belong to which profile? The protocol's half of the table of profiles.
import type * as t from 'io-ts';
import type { Defect } from './codec.js';
import * as hardware from './hardware.js';
import * as iommuCore from './iommu-core.js';
import * as iommuCoreRaces from './iommu-core-races.js';
import * as linuxDma from './linux-dma.js';
import * as spaprTce from './spapr-tce.js';
import * as vfio2011 from './vfio-2011.js';
import * as vfioType1 from './vfio-type1.js';

/** How one profile's machine and operations are written down. */
export interface Vocabulary {
  readonly machine: t.Type<unknown, unknown, unknown>;
  readonly op: t.Type<unknown, unknown, unknown>;
  /** What is wrong with a machine whose every part is well formed: what refers to nothing, or is too much. */
  readonly machineFits?: (machine: unknown) => Defect | undefined;
  /** What is wrong with an operation on this machine, if it speaks of what the machine cannot have. */
  readonly opFits?: (machine: unknown, op: unknown) => Defect | undefined;
}

const vocabulary = (machine: t.Mixed, op: t.Mixed, fits: object = {}): Vocabulary =>
  ({ machine, op, ...fits }) as Vocabulary;

export const VOCABULARIES: { readonly [profile: string]: Vocabulary } = {
  'vfio-type1': vocabulary(vfioType1.Machine, vfioType1.Op, {
    machineFits: vfioType1.machineFits,
    opFits: vfioType1.opFits,
  }),
  'vfio-2011': vocabulary(vfio2011.Machine, vfio2011.Op, {
    machineFits: vfio2011.machineFits,
    opFits: vfio2011.opFits,
  }),
  'iommu-core': vocabulary(iommuCore.Machine, iommuCore.Op, {
    machineFits: iommuCore.machineFits,
    opFits: iommuCore.opFits,
  }),
  'iommu-core-races': vocabulary(iommuCoreRaces.Machine, iommuCoreRaces.Op, {
    machineFits: iommuCoreRaces.machineFits,
  }),
  hardware: vocabulary(hardware.Machine, hardware.Op, {
    machineFits: hardware.machineFits,
    opFits: hardware.opFits,
  }),
  'linux-dma': vocabulary(linuxDma.Machine, linuxDma.Op),
  'spapr-tce': vocabulary(spaprTce.Machine, spaprTce.Op, {
    machineFits: spaprTce.machineFits,
    opFits: spaprTce.opFits,
  }),
};
