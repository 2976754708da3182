// With which arguments does QEMU become the machine that a recording or a driver describes?
import type { Machine } from '../../../spec/protocol/spapr-tce.js';
import { buidOf, DEVICE, MOST_BRIDGES } from './device.js';

export interface CommandLine {
  readonly arguments: readonly string[];
  /** Bytes of memory. */
  readonly memory: bigint;
  readonly bridges: number;
}

/** A pseries machine has its memory in blocks of this size. Our stub's addresses are below 2^31. */
const BLOCK = 1n << 28n;
const MOST_MEMORY = 1n << 31n;
/** QEMU counts the pages of a window in 32 bits. */
const MOST_PAGES = 1n << 32n;

type Guest = NonNullable<Machine['guest']>;
type Bridge = Guest['bridges'][number];

/** The arguments, or why there is no such machine. The memory is rounded up to whole blocks: QEMU looks at none of it. */
export function commandLine(machine: Machine): CommandLine | { readonly cannot: string } {
  const { guest } = machine;
  const cannot = guest === null ? 'QEMU is a guest, and the machine has none' : guestMisfit(guest);
  if (guest === null || cannot !== undefined) return { cannot: cannot! };
  const most = guest.slots[0]!.size;
  const memory = ((most + BLOCK - 1n) / BLOCK) * BLOCK;
  return {
    memory,
    bridges: guest.bridges.length,
    arguments: [
      ...['-machine', 'pseries', '-m', `${memory >> 20n}M`],
      ...guest.bridges.flatMap((bridge, at) => (at === 0 ? first(bridge) : another(bridge, at))),
      ...guest.bridges.flatMap((_, at) => ['-device', device(at)]),
    ],
  };
}

function guestMisfit(guest: Guest): string | undefined {
  const { slots, bridges } = guest;
  if (slots.length !== 1 || slots[0]!.gpa !== 0n)
    return 'the memory of a pseries machine is one piece, from address 0 on';
  if (slots[0]!.size > MOST_MEMORY) return 'more than 2 GiB of memory are not needed, and not offered';
  if (bridges.length === 0) return 'a pseries machine always has its first host bridge';
  if (bridges.length > MOST_BRIDGES) return `a pseries machine has at most ${MOST_BRIDGES} host bridges`;
  const at = bridges.findIndex((b, i) => b.buid !== buidOf(i));
  if (at >= 0)
    return `QEMU numbers its host bridges from 0x${buidOf(0).toString(16)} on: bridge ${at} has another BUID`;
  if (bridges.some(b => b.low.size >> 12n >= MOST_PAGES))
    return 'QEMU counts the pages of a window in 32 bits, and the default window has more';
  return undefined;
}

const properties = (b: Bridge): readonly (readonly [string, string])[] => [
  ['dma_win_addr', `0x${b.low.start.toString(16)}`],
  ['dma_win_size', `0x${b.low.size.toString(16)}`],
  ['dma64_win_addr', `0x${b.high.toString(16)}`],
  ['pgsz', `0x${b.pageSizes.toString(16)}`],
  ['ddw', b.ddw ? 'on' : 'off'],
];

/** The machine makes its first bridge by itself, so that its properties are given as defaults of all. */
const first = (b: Bridge): readonly string[] =>
  properties(b).flatMap(([name, value]) => ['-global', `spapr-pci-host-bridge.${name}=${value}`]);

const another = (b: Bridge, at: number): readonly string[] => [
  '-device',
  [
    'spapr-pci-host-bridge',
    `index=${at}`,
    `id=bridge${at}`,
    ...properties(b).map(([n, v]) => `${n}=${v}`),
  ].join(','),
];

/** `edu` masks its addresses by default. */
const device = (at: number): string =>
  `edu,bus=${at === 0 ? 'pci' : `bridge${at}`}.0,addr=${DEVICE}.0,dma_mask=0xffffffffffffffff`;

/** What every machine is started with: stopped, without firmware, with virtual time that jumps when nobody runs. */
export const ALWAYS: readonly string[] = [
  ...[
    '-S',
    '-accel',
    'tcg',
    '-icount',
    'shift=10,sleep=off',
    '-nodefaults',
    '-display',
    'none',
    '-vga',
    'none',
  ],
  ...['-qtest-log', 'none', '-trace', 'spapr_iommu_xlate'],
];
