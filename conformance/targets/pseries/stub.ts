// Which few instructions make a hypercall for whoever writes into a mailbox of the guest's memory?

/** Where the adapter keeps its own things: from `base` on, which is far from where tests put theirs. */
export interface Layout {
  readonly base: bigint;
  readonly code: bigint;
  /** Flag, seven arguments, three results: doublewords. The stub takes the flag back when the call is done. */
  readonly mailbox: bigint;
  /** What the stub asks of the firmware when it has nothing to do: to stop its CPU. */
  readonly stop: bigint;
  readonly arguments: bigint;
  readonly results: bigint;
  /** A page for what a device moves on the adapter's own behalf. */
  readonly scratch: bigint;
  /** The first address behind. */
  readonly end: bigint;
}

/** So much of the top of memory is the adapter's. */
const OWN = 0x100_0000n;

/** In the last 16 MiB of `memory` bytes: the device tree that QEMU writes at a reset lies in the last 2 MiB of them. */
export function layoutOf(memory: bigint): Layout {
  const base = memory - OWN;
  return {
    base,
    code: base,
    mailbox: base + 0x1000n,
    stop: base + 0x1800n,
    arguments: base + 0x2000n,
    results: base + 0x3000n,
    scratch: base + 0x1_0000n,
    end: base + 0x2_0000n,
  };
}

export const MAILBOX = { flag: 0, first: 8, arguments: 7, results: 0x40, length: 0x58 } as const;

/** Where a pseries CPU begins, and where an image given as `-bios` lies from 0 on. */
export const ENTRY = 0x100;

/** Instruction words; registers and immediates by position, as in the Power ISA. */
const field = (opcode: number, rt: number, ra: number, low: number): number =>
  ((opcode << 26) | (rt << 21) | (ra << 16) | (low & 0xffff)) >>> 0;
const lis = (rt: number, value: number): number => field(15, rt, 0, value);
const li = (rt: number, value: number): number => field(14, rt, 0, value);
const ori = (ra: number, rs: number, value: number): number => field(24, rs, ra, value);
const ld = (rt: number, offset: number, ra: number): number => field(58, rt, ra, offset);
const std = (rs: number, offset: number, ra: number): number => field(62, rs, ra, offset);
const branch = (distance: number): number => ((18 << 26) | (distance & 0x03ff_fffc)) >>> 0;
/** mtctr and bctr */
const toCounter = (rs: number): number => (0x7c09_03a6 | (rs << 21)) >>> 0;
const BRANCH_TO_COUNTER = 0x4e80_0420;
/** sc 1 */
const HYPERCALL = 0x4400_0022;

const address = (register: number, value: bigint): readonly number[] => [
  lis(register, Number(value >> 16n)),
  ori(register, register, Number(value & 0xffffn)),
];

const goTo = (target: bigint): readonly number[] => [
  ...address(12, target),
  toCounter(12),
  BRANCH_TO_COUNTER,
];

/** The hypercall that calls the firmware, and the service that stops the CPU that asks: no inputs, one output. */
const H_RTAS = 0xf000n;
export const STOP_SELF = [0x2007, 0, 1, 0] as const;

/** Makes the call in the mailbox, puts its results down, and takes the flag back. */
function call(layout: Layout): readonly number[] {
  const box = 14;
  const zero = 15;
  const loads = Array.from({ length: MAILBOX.arguments }, (_, i) => ld(3 + i, MAILBOX.first + 8 * i, box));
  const stores = [3, 4, 5].map((register, i) => std(register, MAILBOX.results + 8 * i, box));
  return [
    ...address(box, layout.mailbox),
    ...loads,
    HYPERCALL,
    ...stores,
    li(zero, 0),
    std(zero, MAILBOX.flag, box),
  ];
}

/**
 * What lies at `code`: one call, and then the CPU stops. Somebody outside starts it again, here. A CPU that waited in
 * a loop would take a core of the host, and while none runs QEMU's virtual time jumps to the next timer.
 */
export const stub = (layout: Layout): readonly number[] => [
  ...call(layout),
  ...address(4, layout.stop),
  ...address(3, H_RTAS),
  HYPERCALL,
  branch(0),
];

/** What lies at `ENTRY`: the CPU stops until there is a call to make. */
export const entry = (layout: Layout): readonly number[] =>
  goTo(layout.code + BigInt(4 * call(layout).length));

export const digitsOf = (words: readonly number[]): string =>
  words.map(word => word.toString(16).padStart(8, '0')).join('');
