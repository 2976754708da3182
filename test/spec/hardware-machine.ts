// What would an IOMMU do that really has caches, fills them when it likes, and does commands when it likes?
import type { Dice } from '../../spec/calls/digits.js';
import type { Command, Op, Setup } from '../../spec/hardware/state.js';
import type { Outcome } from '../../spec/protocol/outcome.js';

type Written = Extract<Op, { readonly op: 'write_entry' }>['entry'];
type Entered = Extract<Op, { readonly op: 'write_context' }>['entry'];
type Space = Extract<Entered, { readonly is: 'space' }>;
type Leaf = Extract<Written, { readonly is: 'leaf' }> | { readonly is: 'none' };

/** Something that is cached: for which pages, by whom, and what. */
interface Line<V> {
  readonly tag: number;
  readonly pasid: number;
  readonly device: number;
  readonly first: number;
  readonly pages: number;
  readonly value: V;
}

const PAGE = 4096n;

/** Written apart from the law: caches are lists of lines, and everything that hardware may do is thrown for. */
export class RealIommu {
  private readonly entries = new Map<string, Written>();
  private readonly contexts = new Map<number, Entered>();
  private readonly processes = new Map<string, Entered>();
  private cachedContexts: { device: number; entry: Entered }[] = [];
  private cachedProcesses: { device: number; pasid: number; entry: Entered }[] = [];
  private pointers: Line<{ level: number; table: number }>[] = [];
  private leaves: Line<Leaf>[] = [];
  private hits: Line<Leaf>[] = [];
  private inDevices: Line<Leaf>[] = [];
  private queue: { command: Command | null; done: boolean }[] = [];

  constructor(
    private readonly machine: Setup,
    private readonly dice: Dice,
  ) {}

  private chance(n: number): boolean {
    return this.dice.number() % n === 0;
  }

  private one<T>(list: readonly T[]): T {
    return list[this.dice.number() % list.length]!;
  }

  /** What happens by itself before the next call: lines are dropped, fetched, and commands are done. */
  private meanwhile(): void {
    const { devices, pasids, levels, bits } = this.machine;
    for (let i = this.dice.number() % 4; i > 0; i--) {
      const pasid = pasids.length > 0 && this.chance(2) ? this.one(pasids) : undefined;
      const page = this.dice.number() % Math.min(8, 2 ** (levels * bits));
      this.reached(this.dice.number() % devices.length, pasid, page, this.chance(2));
    }
    if (this.chance(5)) this.leaves = this.leaves.filter(() => !this.chance(2));
    if (this.chance(5)) this.hits = this.hits.filter(() => !this.chance(2));
    if (this.chance(3)) this.execute();
  }

  /** One command is done: the next of VT-d, any of the others. */
  private execute(): void {
    const open = this.queue.filter(q => q.command !== null && !q.done);
    if (open.length === 0) return;
    const next = this.machine.architecture === 'vt-d' ? open[0]! : this.one(open);
    this.take(next.command!);
    next.done = true;
  }

  private take(c: Command): void {
    const { architecture } = this.machine;
    if (c.is === 'context') {
      const gone = (device: number, entry: Entered) =>
        (c.device ?? device) === device && (c.tag ?? tagOf(entry)) === tagOf(entry);
      this.cachedContexts = this.cachedContexts.filter(l => !gone(l.device, l.entry));
      if (architecture === 'risc-v')
        this.cachedProcesses = this.cachedProcesses.filter(l => (c.device ?? l.device) !== l.device);
    } else if (c.is === 'process') {
      this.cachedProcesses = this.cachedProcesses.filter(
        l =>
          (c.device ?? l.device) !== l.device ||
          (c.pasid ?? l.pasid) !== l.pasid ||
          (c.tag ?? tagOf(l.entry)) !== tagOf(l.entry),
      );
    } else if (c.is === 'device_tlb') {
      this.inDevices = this.inDevices.filter(
        l => l.device !== c.device || (c.pasid ?? l.pasid) !== l.pasid || !meets(l, c.range),
      );
    } else {
      const gone = (l: Line<unknown>): boolean => {
        if ((c.tag ?? l.tag) !== l.tag || !meets(l, c.range)) return false;
        const pasid = architecture === 'vt-d' || architecture === 'amd' ? l.pasid : 0;
        if (architecture === 'vt-d' && c.range !== undefined && c.pasid === undefined) return pasid === 0;
        return c.pasid === undefined || c.pasid === pasid;
      };
      this.leaves = this.leaves.filter(l => !gone(l));
      this.hits = this.hits.filter(l => !gone(l));
      if (!c.leaf) this.pointers = this.pointers.filter(l => !gone(l));
      if (architecture === 'amd' && c.range === undefined)
        this.cachedProcesses = this.cachedProcesses.filter(
          l => (c.tag ?? tagOf(l.entry)) !== tagOf(l.entry) || (c.pasid ?? l.pasid) !== l.pasid,
        );
    }
  }

  /** Does one call; undefined: it is refused. */
  call(op: Op): Outcome | undefined {
    this.meanwhile();
    switch (op.op) {
      case 'write_entry':
        this.entries.set(`${op.table} ${op.index}`, op.entry);
        return { is: 'ok' };
      case 'write_context':
        this.contexts.set(op.device, op.entry);
        return { is: 'ok' };
      case 'write_process':
        this.processes.set(`${op.device} ${op.pasid}`, op.entry);
        return { is: 'ok' };
      case 'submit':
        this.queue.push({ command: op.command, done: false });
        return { is: 'ok' };
      case 'wait':
        this.queue.push({ command: null, done: false });
        return { is: 'ok' };
      case 'complete':
        return this.complete();
      case 'access':
      case 'translate':
        return this.asked(op);
      default:
        throw new Error(`${op.op} is a driver's`);
    }
  }

  private complete(): Outcome | undefined {
    const wait = this.queue.findIndex(q => q.command === null);
    if (wait < 0) return undefined;
    while (this.queue.slice(0, wait).some(q => !q.done)) {
      this.execute();
      if (this.chance(2)) this.reached(this.dice.number() % this.machine.devices.length, undefined, 0, true);
    }
    this.queue = this.queue.slice(wait + 1);
    return { is: 'ok' };
  }

  private asked(op: Extract<Op, { readonly op: 'access' | 'translate' }>): Outcome | undefined {
    if (op.op === 'translate' && !this.machine.devices[op.device]!.ats) return undefined;
    const page = Number(op.iova / PAGE);
    const own = this.inDevices.filter(
      l =>
        l.device === op.device &&
        l.pasid === (op.pasid ?? 0) &&
        covers(l, page) &&
        // Where it was not given the right, a device asks again.
        l.value.is === 'leaf' &&
        l.value.prot.includes(op.access === 'read' ? 'r' : 'w'),
    );
    const line =
      op.op === 'access' && own.length > 0 && this.chance(2)
        ? this.one(own)
        : this.reached(op.device, op.pasid, page, op.op === 'translate');
    if (line === undefined || line.value.is === 'none') return { is: 'fault' };
    if (!line.value.prot.includes(op.access === 'read' ? 'r' : 'w')) return { is: 'fault' };
    return { is: 'ok', paddr: line.value.paddr + (BigInt(page - line.first) * PAGE + (op.iova % PAGE)) };
  }

  /** Where a request gets to, from caches or memory as it happens; what is fetched may be kept. */
  private reached(
    device: number,
    pasid: number | undefined,
    page: number,
    asks: boolean,
  ): Line<Leaf> | undefined {
    if (page >= 2 ** (this.machine.levels * this.machine.bits)) return undefined;
    const known = this.hits.filter(l => l.device === device && l.pasid === (pasid ?? 0) && covers(l, page));
    if (known.length > 0 && this.chance(2)) return this.one(known);
    const context = this.context(device);
    if (context.is === 'none') return undefined;
    const way = pasid === undefined ? context : context.pasids === true ? this.process(device, pasid) : NONE;
    if (way.is === 'none') return undefined;
    const line = this.line(device, way, pasid ?? 0, page);
    if (line === undefined) return undefined;
    if (this.chance(2)) this.hits.push(line);
    const may = asks && this.machine.devices[device]!.ats && context.ats === true && line.value.is !== 'none';
    if (may && this.chance(2)) this.inDevices.push(line);
    return line;
  }

  private context(device: number): Entered {
    const cached = this.cachedContexts.filter(l => l.device === device);
    if (cached.length > 0 && this.chance(2)) return this.one(cached).entry;
    const entry = this.contexts.get(device) ?? NONE;
    const keeps = entry.is === 'space' || this.machine.cachingMode || this.machine.architecture === 'smmu-v3';
    if (keeps && this.chance(2)) this.cachedContexts.push({ device, entry });
    return entry;
  }

  private process(device: number, pasid: number): Entered {
    const cached = this.cachedProcesses.filter(l => l.device === device && l.pasid === pasid);
    if (cached.length > 0 && this.chance(2)) return this.one(cached).entry;
    const entry = this.processes.get(`${device} ${pasid}`) ?? NONE;
    const keeps = entry.is === 'space' || this.machine.cachingMode || this.machine.architecture === 'smmu-v3';
    if (keeps && this.chance(2)) this.cachedProcesses.push({ device, pasid, entry });
    return entry;
  }

  /** The translation of a page in an address space: from the IOTLB, or by a walk from a pointer that is known. */
  private line(device: number, way: Space, pasid: number, page: number): Line<Leaf> | undefined {
    const { architecture, levels, bits, cachingMode } = this.machine;
    const key = architecture === 'vt-d' || architecture === 'amd' ? pasid : 0;
    const own = <V>(l: Line<V>) => l.tag === way.tag && l.pasid === key && covers(l, page);
    const mine = { tag: way.tag, pasid, device };
    const known = this.leaves.filter(own);
    if (known.length > 0 && this.chance(2)) return { ...this.one(known), ...mine };
    const pointers = this.pointers.filter(own);
    let { level, table } =
      pointers.length > 0 && this.chance(2) ? this.one(pointers).value : { level: levels, table: way.table };
    for (;;) {
      const pages = 2 ** (bits * (level - 1));
      const first = Math.floor(page / pages) * pages;
      const entry =
        this.entries.get(`${table} ${Math.floor(page / pages) % 2 ** bits}`) ?? ({ is: 'none' } as const);
      const at = { tag: way.tag, pasid: key, device: -1, first, pages };
      if (entry.is === 'table' && level > 1) {
        level--;
        table = entry.table;
        if (this.chance(2)) this.pointers.push({ ...at, value: { level, table } });
        continue;
      }
      const value: Leaf = entry.is === 'leaf' ? entry : { is: 'none' };
      if (value.is === 'none' && !cachingMode) return undefined;
      if (this.chance(2)) this.leaves.push({ ...at, value });
      return { ...at, ...mine, value };
    }
  }
}

const NONE = { is: 'none' } as const;
const tagOf = (entry: Entered): number => (entry.is === 'none' ? 0 : entry.tag);
const covers = (l: Line<unknown>, page: number): boolean => page >= l.first && page < l.first + l.pages;

function meets(
  l: Line<unknown>,
  range: { readonly iova: bigint; readonly order: number } | undefined,
): boolean {
  if (range === undefined) return true;
  const size = 2 ** range.order;
  const first = Math.floor(Number(range.iova / PAGE) / size) * size;
  return l.first < first + size && l.first + l.pages > first;
}
