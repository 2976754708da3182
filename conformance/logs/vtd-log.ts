// What did QEMU's VT-d unit do in a log of its trace events, in the words of the profile hardware?
import type { Machine, Op } from '../../spec/protocol/hardware.js';
import type { Observed } from '../../spec/protocol/observed.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Line } from '../trace/lines.js';
import type { PassedOver } from '../trace/passed-over.js';
import { type VtdLine, vtdLine } from './vtd-lines.js';

/** A table of the profile has so many entries at most, and each page that is spoken of takes one. */
const MOST_BITS = 13;
const PAGE = 4096n;
const CONTEXT_ABSENT = new Set([1, 2]);

type Reached = Extract<VtdLine, { is: 'reached' }>;
type Fault = Extract<VtdLine, { is: 'fault' }>;
type Command = Extract<Op, { op: 'submit' }>['command'];

/**
 * The log shows what the unit reads in memory and what it keeps, and no write of anybody's: that an entry was written is taken
 * from the first walk that finds it. Pages that are spoken of stand beside each other in one table for each root.
 */
export class VtdLog {
  private readonly lines: VtdLine[] = [];
  private readonly others = new Map<string, number>();

  take(line: Line): undefined {
    const found = vtdLine(line.text);
    if (found?.is === 'again' || (found === undefined && line.text.trim() === '')) return;
    if (found === undefined || found.is === 'other')
      this.others.set(
        found?.name ?? 'lines of other kinds',
        (this.others.get(found?.name ?? 'lines of other kinds') ?? 0) + 1,
      );
    else this.lines.push(found);
  }

  get passedOver(): readonly PassedOver[] {
    return [...this.others].map(([name, count]) => ({ name, count, decides: false }));
  }

  /** The machine that the log is of, and what happened on it. */
  recording(): { readonly machine: Machine; readonly events: readonly Event<Op>[] } {
    return new Recording(this.lines).made();
  }
}

const rootOf = (low: bigint): bigint => low & ~(PAGE - 1n);
const spoken = (line: VtdLine): bigint | undefined =>
  line.is === 'reached' || line.is === 'fault' ? line.iova / PAGE : undefined;

const nameOf = (device: number): string => {
  const two = (n: number): string => n.toString(16).padStart(2, '0');
  return `${two(device >> 8)}:${two((device >> 3) & 31)}.${device & 7}`;
};

class Recording {
  private readonly events: Event<Op>[] = [];
  private readonly devices: readonly number[];
  private readonly roots: readonly bigint[];
  /** By page: its place in the tables, and the largest leaf that was ever seen there. */
  private readonly pages = new Map<bigint, { readonly index: number; mask: bigint }>();
  /** What the log has shown of memory: by device, and by table and page. */
  private readonly contexts = new Map<number, { readonly tag: number; readonly table: number }>();
  private readonly entries = new Map<string, string>();
  /** The entry that the next access of a device goes by. */
  private readonly found = new Map<number, { readonly entry: bigint; readonly walked: boolean }>();

  constructor(private readonly lines: readonly VtdLine[]) {
    const named = lines.flatMap(l => ('device' in l ? [l.device] : []));
    this.devices = [...new Set(named)].sort((a, b) => a - b);
    this.roots = [...new Set(lines.flatMap(l => (l.is === 'context' ? [rootOf(l.low)] : [])))];
    const all = new Set(lines.flatMap(l => spoken(l) ?? []));
    for (const page of [...all].sort((a, b) => (a < b ? -1 : 1)).slice(0, 2 ** MOST_BITS))
      this.pages.set(page, { index: this.pages.size, mask: PAGE - 1n });
    for (const l of lines) {
      const known = l.is === 'reached' ? this.pages.get(l.iova / PAGE) : undefined;
      if (l.is === 'reached' && known !== undefined && l.mask > known.mask) known.mask = l.mask;
    }
  }

  made(): { readonly machine: Machine; readonly events: readonly Event<Op>[] } {
    for (const line of this.lines) this.line(line);
    const bits = Math.max(1, Math.ceil(Math.log2(Math.max(2, this.pages.size))));
    const machine: Machine = {
      architecture: 'vt-d',
      cachingMode: false,
      nonLeafRange: true,
      lazy: false,
      levels: 1,
      bits,
      devices: this.devices.map(d => ({ name: nameOf(d), ats: false })),
      pasids: [],
      tables: (this.roots.length === 0 ? [0n] : this.roots).map(() => ({ free: false })),
      spaces: [],
    };
    return { machine, events: this.events };
  }

  private event(op: Op, outcome: Observed, setup?: true): undefined {
    const event = { n: this.events.length + 1, op, outcome };
    this.events.push(setup === undefined ? event : { ...event, setup });
  }

  private line(line: VtdLine): undefined {
    switch (line.is) {
      case 'context':
        return this.context(line.device, Number((line.high >> 8n) & 0xffffn), rootOf(line.low));
      case 'absent':
        return this.absent(line.device);
      case 'walked':
      case 'hit':
        this.found.set(line.device, { entry: line.entry, walked: line.is === 'walked' });
        return;
      case 'reached':
        return this.reached(line);
      case 'fault':
        return this.faulted(line);
      case 'command':
        return this.command(line);
      case 'completed':
        return this.event({ op: 'complete' }, { is: 'ok' });
    }
  }

  private context(device: number, tag: number, root: bigint): undefined {
    const table = this.roots.indexOf(root);
    const before = this.contexts.get(device);
    if (before?.tag === tag && before.table === table) return;
    this.contexts.set(device, { tag, table });
    const op = { op: 'write_context', device: this.devices.indexOf(device) } as const;
    this.event({ ...op, entry: { is: 'space', tag, table } }, { is: 'ok' }, true);
  }

  private absent(device: number): undefined {
    if (!this.contexts.delete(device)) return;
    const op = { op: 'write_context', device: this.devices.indexOf(device) } as const;
    this.event({ ...op, entry: { is: 'none' } }, { is: 'ok' }, true);
  }

  private write(table: number, index: number, entry: Extract<Op, { op: 'write_entry' }>['entry']): undefined {
    const spelt = entry.is === 'leaf' ? `${entry.paddr} ${entry.prot}` : entry.is;
    if ((this.entries.get(`${table} ${index}`) ?? 'none') === spelt) return;
    this.entries.set(`${table} ${index}`, spelt);
    this.event({ op: 'write_entry', table, index, entry }, { is: 'ok' }, true);
  }

  /** Whether it read or wrote is not in the log: what the entry allows is taken. */
  private reached({ device, iova, to }: Reached): undefined {
    const page = this.pages.get(iova / PAGE);
    const found = this.found.get(device);
    const context = this.contexts.get(device);
    if (page === undefined || found === undefined) return;
    const readable = (found.entry & 1n) === 1n;
    const paddr = to | (iova & (PAGE - 1n));
    if (found.walked && context !== undefined) {
      const prot = readable ? ((found.entry & 2n) === 2n ? 'rw' : 'r') : 'w';
      this.write(context.table, page.index, { is: 'leaf', paddr: paddr - (paddr % PAGE), prot });
    }
    this.access(device, page.index, iova, readable ? 'read' : 'write', { is: 'ok', paddr });
  }

  private faulted({ device, code, iova, write }: Fault): undefined {
    const page = this.pages.get(iova / PAGE);
    const context = this.contexts.get(device);
    if (page === undefined) return;
    if (CONTEXT_ABSENT.has(code)) this.absent(device);
    else if (context !== undefined) {
      const known = this.entries.get(`${context.table} ${page.index}`) ?? 'none';
      // An entry that is known to lack the right is as it was.
      if (known.endsWith(write ? ' w' : ' r') || known.endsWith(' rw'))
        this.write(context.table, page.index, { is: 'none' });
    }
    this.access(device, page.index, iova, write ? 'write' : 'read', { is: 'fault' });
  }

  private access(
    device: number,
    index: number,
    iova: bigint,
    access: 'read' | 'write',
    outcome: Observed,
  ): undefined {
    const place = BigInt(index) * PAGE + (iova % PAGE);
    this.event({ op: 'access', device: this.devices.indexOf(device), iova: place, access }, outcome);
  }

  private command({ type, high, low }: Extract<VtdLine, { is: 'command' }>): undefined {
    if (type === 'wait') return this.event({ op: 'wait' }, { is: 'ok' });
    for (const command of this.commands(type, high, low)) this.event({ op: 'submit', command }, { is: 'ok' });
  }

  /** What a descriptor says of devices and pages that are spoken of. */
  private commands(type: string, high: bigint, low: bigint): readonly Command[] {
    const granularity = (low >> 4n) & 3n;
    const tag = Number((low >> 16n) & 0xffffn);
    if (type === 'context-cache') {
      if (granularity === 1n) return [{ is: 'context' }];
      if (granularity === 2n) return [{ is: 'context', tag }];
      const named = Number((low >> 32n) & 0xffffn);
      const masked = [0, 4, 6, 7][Number((low >> 48n) & 3n)]!;
      return this.devices.flatMap((d, device) =>
        (d & ~masked) === (named & ~masked) ? [{ is: 'context', device }] : [],
      );
    }
    if (type !== 'iotlb') return [];
    if (granularity === 1n) return [{ is: 'iotlb', leaf: false }];
    if (granularity === 2n) return [{ is: 'iotlb', tag, leaf: false }];
    const size = PAGE << (high & 0x3fn);
    const first = (high / PAGE) * PAGE - (((high / PAGE) * PAGE) % size);
    const leaf = ((high >> 6n) & 1n) === 1n;
    return [...this.pages].flatMap(([page, { index, mask }]): readonly Command[] => {
      const start = (page * PAGE) & ~mask;
      const met = start < first + size && start + mask >= first;
      return met ? [{ is: 'iotlb', tag, leaf, range: { iova: BigInt(index) * PAGE, order: 0 } }] : [];
    });
  }
}
