// Which faults does the kernel's log tell of, in the words of each IOMMU driver?
import type { Op } from '../../spec/protocol/linux-dma.js';

export type FaultOp = Extract<Op, { op: 'io_page_fault' }>;

const HEX = '0x([0-9a-f]{1,16})';
/** 6.12 prints no segment, 7.2 does (dmar_fault_do_one). */
const VTD = new RegExp(
  `^DMAR: \\[DMA (Read|Write) (?:NO_PASID|PASID 0x[0-9a-f]{1,8})\\] Request device \\[((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])\\] fault addr ${HEX} \\[fault reason 0x([0-9a-f]{2})\\]`,
);
/** amd_iommu_report_page_fault: of a device that the kernel knows, and of one that it does not. */
const AMD = new RegExp(
  `(?:^| )(?:\\S+ )?(?:([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]): )?Event logged \\[IO_PAGE_FAULT (?:device=([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]) )?domain=0x[0-9a-f]{1,8} address=${HEX} flags=${HEX}\\]`,
);
/** arm_smmu_evtq_thread, arm_smmu_dump_raw_event: a heading, and the four words of the event below. */
const SMMU = /(?:^| )(\S+): event 0x([0-9a-f]{2}) received:$/;
const WORD = /(?:^| )(\S+): \s*0x([0-9a-f]{16})$/;
/** arm_smmu_dump_event of 7.2, behind the words. */
const SMMU_TOLD = new RegExp(`event: F_\\w+ client: (\\S+) sid: ${HEX} ssid: \\S+ iova: ${HEX} `);
/** viommu_fault_handler. */
const VIRTIO = new RegExp(
  `(?:^|: )(domain|page|unknown) fault from EP (\\d{1,10}) at ${HEX} \\[(R?)(W?)X?\\]`,
);

/** SMMUv3: F_TRANSLATION, F_ADDR_SIZE, F_ACCESS, F_PERMISSION, and those of streams and tables. */
const SMMU_WHY: { readonly [id: string]: FaultOp['why'] } = {
  '10': 'absent',
  '11': 'absent',
  '12': 'permission',
  '13': 'permission',
};
const ADDRESSED = new Set(['10', '11', '12', '13']);

/** VT-d: what the reason says. 5 and 6 speak of an entry that is not there and of one that does not permit alike. */
function vtdWhy(reason: string): FaultOp['why'] {
  const n = Number.parseInt(reason, 16);
  if (n === 5 || n === 6) return 'either';
  if (n === 4 || n === 7 || n === 0x71 || n === 0x80) return 'absent';
  return n >= 0x81 && n <= 0x8f ? 'either' : 'structure';
}

const AMD_PRESENT = 0x10n;
const AMD_WRITE = 0x20n;
const AMD_INTERRUPT = 0x8n;

/** An event of the SMMU whose words are not all there yet. */
interface Pending {
  readonly unit: string;
  readonly id: string;
  readonly words: bigint[];
}

/** Reads the messages of a kernel's log one by one; one kind of fault takes several. */
export class FaultLines {
  private pending: Pending | undefined;
  private raw: { readonly op: FaultOp & { device: string }; readonly sid: bigint } | undefined;

  /** The fault that a message completes; undefined: it completes none. */
  take(message: string): FaultOp | undefined {
    const text = message.trimEnd();
    return vtd(text) ?? amd(text) ?? virtio(text) ?? this.smmu(text);
  }

  private smmu(text: string): FaultOp | undefined {
    const head = SMMU.exec(text);
    if (head !== null) {
      this.pending = { unit: head[1]!, id: head[2]!, words: [] };
      return undefined;
    }
    const word = WORD.exec(text);
    if (word !== null && word[1] === this.pending?.unit)
      return this.word(this.pending, BigInt(`0x${word[2]}`));
    const told = SMMU_TOLD.exec(text);
    // The words were read already; what they lack is the name.
    if (told !== null && this.raw?.sid === BigInt(`0x${told[2]}`)) this.raw.op.device = told[1]!;
    this.raw = undefined;
    return undefined;
  }

  private word(pending: Pending, value: bigint): FaultOp | undefined {
    pending.words.push(value);
    const [zero, one, two] = pending.words;
    if (pending.words.length < 4 || !ADDRESSED.has(pending.id)) return undefined;
    this.pending = undefined;
    const sid = zero! >> 32n;
    const read = (one! >> 35n) & 1n;
    const why = SMMU_WHY[pending.id]!;
    const op = { ...fault(`sid:0x${sid.toString(16)}`, two!, read === 0n), why };
    this.raw = { op, sid };
    return op;
  }
}

const fault = (device: string, iova: bigint, write: boolean): FaultOp => ({
  op: 'io_page_fault',
  device,
  iova,
  flags: write ? 1 : 0,
});

function vtd(text: string): FaultOp | undefined {
  const found = VTD.exec(text);
  if (found === null) return undefined;
  const [, access, device, address, reason] = found;
  const name = device!.length > 8 ? device! : `0000:${device}`;
  return { ...fault(name, BigInt(`0x${address}`), access === 'Write'), why: vtdWhy(reason!)! };
}

function amd(text: string): FaultOp | undefined {
  const found = AMD.exec(text);
  if (found === null) return undefined;
  const [, known, unknown, address, bits] = found;
  const device = known ?? unknown;
  if (device === undefined) return undefined;
  const flags = BigInt(`0x${bits}`);
  const told =
    (flags & AMD_PRESENT) !== 0n ? 'permission' : (flags & AMD_INTERRUPT) !== 0n ? 'either' : 'absent';
  return { ...fault(device, BigInt(`0x${address}`), (flags & AMD_WRITE) !== 0n), why: told };
}

function virtio(text: string): FaultOp | undefined {
  const found = VIRTIO.exec(text);
  if (found === null) return undefined;
  const [, reason, endpoint, address, , write] = found;
  // `page`: a device says so of what is not mapped, and of what is not permitted.
  const why = reason === 'domain' ? 'structure' : 'either';
  return { ...fault(`endpoint:${endpoint}`, BigInt(`0x${address}`), write === 'W'), why };
}
