// What is one machine made of?
import type { Hardware, Kernel, Range } from './configuration.js';
import type { FaultPoint, Faults } from './faults.js';
import type { Container, Device, Dma, Domain, File, Group, IommuGroup, Pinned } from './objects.js';

/** The inner steps that are called through a table of the machine's own: the seam at which defects are seeded. */
export interface Steps {
  claim(core: Core, group: Group): number;
  releaseOwner(core: Core, group: Group): void;
  detachContainer(core: Core, group: Group): void;
  useContainer(core: Core, device: Device): void;
  unuseContainer(core: Core, device: Device): void;
  releaseFile(core: Core, file: File): void;
  lookUp(core: Core, group: Group, device: number): Device | null;
  canLeave(core: Core, device: Device): boolean;
  removeGroup(core: Core, device: Device): void;
  backendFor(core: Core, container: Container): Container | number;
  sharedDomain(core: Core, container: Container, unit: number): Domain | null;
  apertureConflict(core: Core, container: Container, start: number, end: number): boolean;
  reservedConflict(core: Core, container: Container, group: IommuGroup): boolean;
  excludeReserved(core: Core, ranges: Range[], group: IommuGroup): Range[];
  expandAperture(core: Core, container: Container, ranges: Range[]): Range[];
  replay(core: Core, container: Container, domain: Domain, mm: number): number;
  pin(core: Core, dma: Dma, mm: number): Pinned;
  account(core: Core, dma: Dma, pages: number): number;
  room(core: Core, mm: number): number;
  mapInto(core: Core, domain: Domain, dma: Dma, mm: number): void;
  unmapFrom(core: Core, domain: Domain, dma: Dma): void;
  reaccount(core: Core, container: Container): void;
  find(core: Core, container: Container, first: number, last: number): Dma | null;
  isValid(core: Core, container: Container, first: number, last: number): boolean;
  bisects(core: Core, container: Container, first: number, last: number): boolean;
  tell(core: Core, container: Container, dma: Dma): void;
  remove(core: Core, container: Container, dma: Dma): void;
  changeOwner(core: Core, dma: Dma, mm: number): number;
  lastClose(core: Core, device: Device): void;
  reported(core: Core, container: Container, dma: Dma): number;
  remark(core: Core, dma: Dma): void;
}

/** Everything that a machine is made of; nothing is left out. See options.ts. */
export interface Parts {
  readonly hardware: Hardware;
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly steps: Steps;
}

/** All state of one machine. The calls are functions over it, by topic. */
export class Core {
  readonly hardware: Hardware;
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly steps: Steps;
  readonly iommuGroups: IommuGroup[] = [];
  /** VFIO's object of each group that has a registered device. */
  readonly groups: (Group | null)[] = [];
  readonly devices: Device[] = [];
  readonly files = new Map<number, File>();
  /** Pages that each address space has locked. */
  readonly locked: Float64Array;

  constructor(parts: Parts) {
    this.hardware = parts.hardware;
    this.kernel = parts.kernel;
    this.faults = parts.faults;
    this.steps = parts.steps;
    this.locked = new Float64Array(parts.hardware.processes.length);
  }
}

/** Does the next step of this kind fail? */
export const fails = (core: Core, point: FaultPoint): boolean => core.faults.fails(point, 1) === 0;
