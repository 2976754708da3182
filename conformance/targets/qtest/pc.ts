// How is a PC without firmware started, with one IOMMU and so many edu devices?
import type { Machine } from '../../../spec/protocol/hardware.js';
import { EDU_ARGUMENT } from './edu.js';
import { FIRST_SLOT } from './pci.js';
import type { Ground } from './tables.js';

export const GROUND: Ground = { ram: 0n, high: 1n << 32n, blocks: 6 };
/** Where the CPU sees the registers of the devices. */
export const WINDOW = 0xfe00_0000n;

/** `cli; hlt`, in the last bytes before 4 GiB. */
const ENTRY = 0xfff0;
export const PC_IMAGE: readonly number[] = [
  ...Array<number>(ENTRY).fill(0xf4),
  ...[0xfa, 0xf4, 0xeb, 0xfd],
  ...Array<number>(0x1_0000 - ENTRY - 4).fill(0xf4),
];

/** Blocks of 1 GiB are there where a leaf can be one. */
export const pcArguments = ({ devices, levels }: Machine, iommu: string): readonly string[] => [
  ...['-machine', 'q35', '-m', levels > 2 ? '8G' : '2G', '-vga', 'none', '-device', iommu],
  ...devices.flatMap((_, at) => ['-device', `${EDU_ARGUMENT},addr=${(FIRST_SLOT + at).toString(16)}.0`]),
];
