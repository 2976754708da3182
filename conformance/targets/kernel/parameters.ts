// Which parameters do the guest's modules have, as a machine of the profile says?
import type { Machine } from '../../../spec/protocol/vfio-type1.js';
import type { Process } from './agent.js';

const MODULES = '/sys/module';
const DMA_LIMIT = 65_535;

/** The parameters that can be written while a module is loaded. */
export class Parameters {
  /** What was written last, so that most resets write nothing. */
  private readonly last = new Map<string, string>();

  constructor(private readonly agent: Process) {}

  /** A text: one of them cannot be had. */
  async set(machine: Machine): Promise<string | undefined> {
    const yes = (value: boolean | undefined): string => (value === true ? 'Y' : 'N');
    const wanted = {
      'vfio_iommu_type1/parameters/dma_entry_limit': String(machine.dmaLimit ?? DMA_LIMIT),
      'vfio_iommu_type1/parameters/allow_unsafe_interrupts': yes(machine.unsafeInterrupts),
      'vfio/parameters/enable_unsafe_noiommu_mode': yes(machine.noiommu),
    };
    for (const [name, value] of Object.entries(wanted)) {
      if (this.last.get(name) === value) continue;
      // A kernel that was built without it is as one in which it is off.
      const result = await this.agent.put(`${MODULES}/${name}`, value);
      if (result < 0 && value !== 'N') return `the parameter ${name} cannot be set to ${value}`;
      this.last.set(name, value);
    }
    return undefined;
  }
}
