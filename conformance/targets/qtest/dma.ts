// Where does an access of a device end up? Tagged memory says it, and the model's fault records have to agree.
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Bus } from './bus.js';
import type { FaultRecord, Model, Otherwise } from './model.js';
import { more, type Seen } from './seen.js';
import type { Candidate, Places } from './tables.js';

export interface Access {
  readonly device: number;
  readonly access: 'read' | 'write';
  readonly iova: bigint;
  /** Is there an entry of the device in memory? */
  readonly present: boolean;
}

const PAGE = 4096n;
const EIGHT = 8n;
/** Never a tag. */
const SENTINEL = 0x5ea1_ed00_0000_0001n;
const ODD = 0x9e37_79b9_7f4a_7c15n;

export class Dma {
  /** Addresses with a tag in them, and the tag. */
  private readonly tags = new Map<bigint, bigint>();
  private count = 0n;

  constructor(
    private readonly bus: Bus,
    private readonly model: Pick<Model, 'devices' | 'faults' | 'complaint'>,
    private readonly tables: Places,
    private readonly known: readonly Otherwise[],
    private readonly seen: Seen,
  ) {}

  /** Eight bytes, another every time and never 0. */
  private fresh(): bigint {
    return BigInt.asUintN(64, ++this.count * ODD) | 1n;
  }

  /** The access is of the eight aligned bytes in which its address lies. */
  async made(a: Access): Promise<Observed> {
    this.seen.dmas++;
    const offset = a.iova & (PAGE - 1n) & ~(EIGHT - 1n);
    const page = Number(a.iova >> 12n);
    const all = this.tables.candidates(page);
    await Promise.all(all.map(({ real }) => this.tag(real + offset)));
    await this.model.faults();
    const address = this.tables.iovaOf(page) | offset;
    const [reached, faults] =
      a.access === 'write'
        ? await this.written(a.device, address, all, offset)
        : await this.wasRead(a.device, address, all, offset);
    return this.judged(a, address, reached, faults);
  }

  private async tag(at: bigint): Promise<void> {
    if (this.tags.has(at)) return;
    const tag = this.fresh();
    this.tags.set(at, tag);
    await this.bus.write64(at, tag);
  }

  /** The buffer is loaded with a tag through the page of ours; where that faults it holds zeros, which are none either. */
  private async written(device: number, address: bigint, all: readonly Candidate[], offset: bigint) {
    const edu = this.model.devices[device]!;
    await this.bus.write64(this.tables.scratch, this.fresh());
    await edu.move('read', this.tables.scratchIova);
    await this.model.faults();
    await edu.move('write', address);
    const faults = await this.model.faults();
    const words = await Promise.all(all.map(({ real }) => this.bus.read64(real + offset)));
    const hit = all.filter(({ real }, i) => words[i] !== this.tags.get(real + offset));
    for (const { real } of hit) this.tags.delete(real + offset);
    return [hit, faults] as const;
  }

  /** What is in the buffer is looked at through the page of ours. A read that faults leaves zeros there. */
  private async wasRead(device: number, address: bigint, all: readonly Candidate[], offset: bigint) {
    const edu = this.model.devices[device]!;
    await edu.move('read', address);
    const faults = await this.model.faults();
    await this.bus.write64(this.tables.scratch, SENTINEL);
    await edu.move('write', this.tables.scratchIova);
    await this.model.faults();
    const word = await this.bus.read64(this.tables.scratch);
    if (word === SENTINEL) return [undefined, faults] as const;
    const hit = all.filter(({ real }) => this.tags.get(real + offset) === word);
    if (hit.length === 0 && word !== 0n) return [`0x${word.toString(16)} was read`, faults] as const;
    return [hit, faults] as const;
  }

  /** `reached`: where the tag was found; a text: what was found is nobody's; undefined: nobody could look. */
  private judged(
    { device, access, iova, present }: Access,
    address: bigint,
    reached: readonly Candidate[] | string | undefined,
    records: readonly FaultRecord[],
  ): Observed {
    if (typeof reached === 'string') return { is: 'unknown', says: reached };
    const own = records.filter(
      r => r.device === device && (r.iova === undefined || r.iova / PAGE === address / PAGE),
    );
    const stray = records.find(r => !own.includes(r));
    if (stray !== undefined)
      return { is: 'unknown', says: `a fault of device ${stray.device} at 0x${stray.iova?.toString(16)}` };
    const [record] = own;
    const complaint = record === undefined ? undefined : this.complaint(record, access, present);
    if (complaint !== undefined) return { is: 'unknown', says: complaint };
    if (reached !== undefined && reached.length > 1) return { is: 'unknown', says: 'two pages were reached' };
    const hit = reached?.[0];
    if (hit !== undefined) {
      if (record !== undefined)
        return {
          is: 'unknown',
          says: `a page was reached, and fault 0x${record.code.toString(16)} recorded`,
        };
      return { is: 'ok', paddr: (BigInt(hit.page) << 12n) | (iova & (PAGE - 1n)) };
    }
    if (record !== undefined) {
      more(this.seen.recorded, record.code);
      return { is: 'fault' };
    }
    if (reached === undefined) {
      this.seen.unobserved++;
      return { is: 'unobserved' };
    }
    this.seen.silent++;
    return { is: 'fault' };
  }

  /** What is wrong with a record, and not known to be. */
  private complaint(record: FaultRecord, access: Access['access'], present: boolean): string | undefined {
    const wrote = record.write ?? access === 'write';
    const all = [
      wrote === (access === 'write') ? undefined : `a ${access} is recorded as a ${wrote ? 'write' : 'read'}`,
      this.model.complaint(record, access, present),
    ];
    for (const says of all) {
      if (says === undefined) continue;
      if (!this.known.some(k => k.says === says)) return says;
      more(this.seen.otherwise, says);
    }
    return undefined;
  }
}
