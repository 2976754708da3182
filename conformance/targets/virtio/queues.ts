// How is a virtio-iommu device set up, asked and listened to, by its two queues?
import type { Bus } from '../qtest/bus.js';
import { Silent } from '../qtest/host.js';
import type { FaultRecord } from '../qtest/model.js';
import { FIRST_SLOT } from '../qtest/pci.js';

/** QEMU's layout of the one region: common configuration, notifications. */
const COMMON = 0n;
const NOTIFY = 0x3000n;
const NOTIFY_STEP = 4n;
const FEATURE_SELECT = 0x00n;
const FEATURES = 0x04n;
const OUR_SELECT = 0x08n;
const OUR_FEATURES = 0x0cn;
const STATUS = 0x14n;
const QUEUE_SELECT = 0x16n;
const QUEUE_SIZE = 0x18n;
const QUEUE_ENABLE = 0x1cn;
const QUEUE_DESCRIPTORS = 0x20n;
const QUEUE_AVAILABLE = 0x28n;
const QUEUE_USED = 0x30n;

const ACKNOWLEDGED = 1n;
const DRIVER = 2n;
const DRIVER_OK = 4n;
const FEATURES_OK = 8n;
const MAP_UNMAP = 1n << 2n;
/** Bit 32 of all: virtio 1. */
const VERSION_1 = 1n;

const NEXT = 1n;
const WRITABLE = 2n;
const RINGS = 0x101_0000n;
const AVAILABLE = 0x800n;
const USED = 0x1000n;
const RING = 0x2000n;
const REQUEST = 0x102_0000n;
const ANSWER = 0x102_0100n;
const FAULTS = 0x104_0000n;
const FAULT = 32n;
const SIZE = [16, 64] as const;
const MOST_READS = 20_000;

export class Queues {
  private asked = 0;
  private posted = 0;
  private heard = 0;

  constructor(
    private readonly bus: Bus,
    private readonly region: bigint,
  ) {}

  async start(): Promise<void> {
    const { bus, region } = this;
    const common = region + COMMON;
    const status = (value: bigint) => bus.write8(common + STATUS, value);
    await status(0n);
    await status(ACKNOWLEDGED | DRIVER);
    await bus.write32(common + FEATURE_SELECT, 0n);
    const offered = await bus.read32(common + FEATURES);
    if ((offered & MAP_UNMAP) === 0n) throw new Error(`features 0x${offered.toString(16)}: no map and unmap`);
    for (const [half, features] of [MAP_UNMAP, VERSION_1].entries()) {
      await bus.write32(common + OUR_SELECT, BigInt(half));
      await bus.write32(common + OUR_FEATURES, features);
    }
    await status(ACKNOWLEDGED | DRIVER | FEATURES_OK);
    for (const queue of [0, 1] as const) {
      const at = RINGS + RING * BigInt(queue);
      await bus.write16(common + QUEUE_SELECT, BigInt(queue));
      await bus.write16(common + QUEUE_SIZE, BigInt(SIZE[queue]));
      await bus.write64(common + QUEUE_DESCRIPTORS, at);
      await bus.write64(common + QUEUE_AVAILABLE, at + AVAILABLE);
      await bus.write64(common + QUEUE_USED, at + USED);
      await bus.write16(common + QUEUE_ENABLE, 1n);
    }
    await status(ACKNOWLEDGED | DRIVER | FEATURES_OK | DRIVER_OK);
    const reached = await bus.read8(common + STATUS);
    if (reached !== 15n) throw new Error(`the status of the device is 0x${reached.toString(16)}`);
    for (let i = 0; i < SIZE[1]; i++) {
      await this.descriptor(1, i, FAULTS + FAULT * BigInt(i), 24, WRITABLE, 0);
      await this.post(1, i, this.posted++);
    }
  }

  private async descriptor(
    queue: 0 | 1,
    at: number,
    address: bigint,
    length: number,
    flags: bigint,
    next: number,
  ): Promise<void> {
    const place = RINGS + RING * BigInt(queue) + 16n * BigInt(at);
    const rest = BigInt(length) | (flags << 32n) | (BigInt(next) << 48n);
    await this.bus.write(place, [address, rest]);
  }

  /** Makes a descriptor available; `before`: how many were. */
  private async post(queue: 0 | 1, descriptor: number, before: number): Promise<void> {
    const { bus } = this;
    const ring = RINGS + RING * BigInt(queue) + AVAILABLE;
    await bus.write16(ring + 4n + 2n * BigInt(before % SIZE[queue]), BigInt(descriptor));
    await bus.write16(ring + 2n, BigInt((before + 1) % 0x1_0000));
    await bus.write16(this.region + NOTIFY + NOTIFY_STEP * BigInt(queue), BigInt(queue));
  }

  private async used(queue: 0 | 1): Promise<number> {
    return Number(await this.bus.read16(RINGS + RING * BigInt(queue) + USED + 2n));
  }

  /** A request in words of 32 bits; the status that it is answered by. */
  async request(words: readonly bigint[]): Promise<number> {
    const { bus } = this;
    await Promise.all(words.map((word, i) => bus.write32(REQUEST + 4n * BigInt(i), word)));
    await bus.write32(ANSWER, 0xffn);
    await this.descriptor(0, 0, REQUEST, 4 * words.length, NEXT, 1);
    await this.descriptor(0, 1, ANSWER, 4, WRITABLE, 0);
    await this.post(0, 0, this.asked++);
    for (let reads = 0; reads < MOST_READS; reads++) {
      if ((await this.used(0)) !== this.asked % 0x1_0000) continue;
      return Number((await bus.read32(ANSWER)) & 0xffn);
    }
    throw new Silent('a request is not answered');
  }

  /** Reports of the event queue since they were last asked for; their buffers go back. */
  async faults(): Promise<readonly FaultRecord[]> {
    const { bus } = this;
    const found: FaultRecord[] = [];
    const until = await this.used(1);
    while (this.heard % 0x1_0000 !== until) {
      const entry = RINGS + RING + USED + 4n + 8n * BigInt(this.heard % SIZE[1]);
      const descriptor = Number(await bus.read32(entry));
      const at = FAULTS + FAULT * BigInt(descriptor);
      const [head, endpoint, iova] = (await bus.read(at, 3)) as [bigint, bigint, bigint];
      const device = (Number(endpoint & 0xffffn) >> 3) - FIRST_SLOT;
      found.push({ device, code: Number(head & 0xffn), iova });
      this.heard++;
      await this.post(1, descriptor, this.posted++);
    }
    return found;
  }
}
