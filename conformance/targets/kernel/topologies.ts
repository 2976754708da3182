// On which parts of a guest do random walks go?
import type { Machine } from '../../../spec/protocol/vfio-type1.js';

type Driver = Machine['devices'][number]['driver'];
type Mm = Machine['mms'][number];

const PAGE = 4096n;
const MEMORY: Mm['memory'] = [
  { start: 0x2_0000_0000n, size: 64n * PAGE, prot: 'rw' },
  { start: 0x2_4000_0000n, size: 4n * PAGE, prot: 'r' },
];
const OF_A_DEVICE: Mm['memory'] = [{ start: 0x2_8000_0000n, size: 16n * PAGE, prot: 'rw', device: true }];

/** A part of the guest by its devices' names, each with the driver that it has at the start, and two processes. */
interface Part {
  readonly devices: { readonly [name: string]: Driver };
  readonly lockLimits: readonly [number | null, number | null];
  readonly withDeviceMemory?: true;
  readonly parameters?: Pick<Machine, 'dmaLimit' | 'unsafeInterrupts'>;
}

const PARTS: { readonly [name: string]: Part } = {
  'two groups of one device': {
    devices: { '0000:00:04.0': 'vfio', '0000:00:05.0': 'vfio' },
    lockLimits: [null, 16],
  },
  'two devices behind a bridge, and one beside it': {
    devices: {
      '0000:03:01.0': 'vfio',
      '0000:03:02.0': 'vfio',
      '0000:00:06.0': 'none',
      '0000:00:04.0': 'vfio',
    },
    lockLimits: [null, 16],
  },
  'a device of two functions, one with a driver of the kernel': {
    devices: { '0000:00:07.0': 'vfio', '0000:00:07.1': 'kernel', '0000:00:04.0': 'vfio' },
    lockLimits: [null, 16],
  },
  'devices that can be reset, few mappings, memory of a device': {
    devices: { '0000:01:00.0': 'vfio', '0000:02:00.0': 'vfio' },
    lockLimits: [6, null],
    withDeviceMemory: true,
    parameters: { dmaLimit: 3 },
  },
  'a group behind a bridge in which one device has a stub, one is to come': {
    devices: {
      '0000:03:01.0': 'vfio',
      '0000:03:02.0': 'stub',
      '0000:00:06.0': 'none',
      '0000:02:00.0': 'absent',
      '0000:00:05.0': 'vfio',
    },
    lockLimits: [null, 16],
    parameters: { unsafeInterrupts: true },
  },
};

/** The machines of walks by name: those parts that the guest has. */
export function partsOf(whole: Machine): readonly (readonly [string, Machine])[] {
  return Object.entries(PARTS)
    .filter(([, { devices }]) => Object.keys(devices).every(name => whole.devices.some(d => d.name === name)))
    .map(([name, part]) => [name, machineOf(whole, part)]);
}

function machineOf(whole: Machine, { devices, lockLimits, withDeviceMemory, parameters }: Part): Machine {
  const own = Object.entries(devices).map(([name, driver]) => {
    const found = whole.devices.find(d => d.name === name);
    if (found === undefined) throw new Error(`the guest has no device ${name}`);
    return { ...found, driver };
  });
  const groups = [...new Set(own.map(d => d.group))];
  const memory = withDeviceMemory === true ? [...MEMORY, ...OF_A_DEVICE] : MEMORY;
  return {
    iommus: whole.iommus,
    groups: groups.map(g => whole.groups[g]!),
    devices: own.map(d => ({ ...d, group: groups.indexOf(d.group) })),
    mms: lockLimits.map(lockLimit => ({ lockLimit, memory })),
    ...parameters,
  };
}
