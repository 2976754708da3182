// What did programs do with VFIO, as probes on its functions show it, in the words of the profile vfio-type1?

import type { Machine, Op } from '../../spec/protocol/vfio-type1.js';
import type { State } from '../../spec/vfio-type1/state.js';
import { FaultLines } from '../ftrace/fault-lines.js';
import { errnoName } from '../targets/kernel/errno.js';
import type { Line } from '../trace/lines.js';
import type { PassedOver } from '../trace/passed-over.js';
import { Named } from './named-machine.js';
import { numberIn, type Probe, probeOn } from './probe-lines.js';
import { askedOn, extensionOf, typeOf } from './requests.js';
import { answered, type Seen } from './seen.js';
import { NOWHERE, openDirty, openJoins, openStatus } from './witnesses.js';

/** A call that has not returned. */
interface Begun extends Probe {
  readonly handle: number;
}

const MAP_SIZE = 32n;
const UNMAP_SIZE = 24n;

/** Files are known by their addresses in the kernel: the same for every descriptor of them. */
export class ProbeSession {
  private readonly calls: Seen[] = [];
  private readonly handles = new Map<string, { readonly handle: number; readonly kind: Probe['kind'] }>();
  private readonly begun = new Map<number, Begun>();
  private readonly spaces = new Map<number, number>();
  private readonly named = new Named();
  private readonly faults = new FaultLines();
  private readonly others = new Map<string, number>();
  private names = 0;
  /** Releases are probed, so no close is missing. */
  private releases = false;

  /** Were there any calls of VFIO? */
  get any(): boolean {
    return this.handles.size > 0;
  }

  take(line: Line): undefined {
    const probe = probeOn(line);
    if (probe === undefined) return this.other(line);
    if (probe.is === 'returned') return this.returned(probe);
    const file = probe.fields.get('file');
    if (file === undefined) return this.passOver(`${probe.is} without a file`);
    if (probe.is === 'release') return this.released(probe, file);
    const handle = this.handleOf(probe.kind, file);
    this.lost(probe.pid);
    this.begun.set(probe.pid, { ...probe, handle });
  }

  get machine(): Machine {
    return this.named.made(Math.max(1, this.spaces.size));
  }

  get passedOver(): readonly PassedOver[] {
    return [...this.others].map(([name, count]) => ({ name, count, decides: false }));
  }

  /** Containers are open from the beginning: one that nobody uses is like none. */
  get seen(): readonly Seen[] {
    const containers = [...this.handles.values()].filter(h => h.kind === 'container');
    const opened = containers.map(({ handle }): Seen => {
      return {
        line: 1,
        outcome: { is: 'ok' },
        calls: () => [{ op: 'open_container', as: handle }],
        unseen: [],
        setup: true,
      };
    });
    return [...opened, ...this.calls.map(c => ({ ...c, hidden: (s: State) => this.hidden(s, c) }))];
  }

  private passOver(name: string): undefined {
    this.others.set(name, (this.others.get(name) ?? 0) + 1);
  }

  /** A fault of the log is a DMA: the console's lines are in the true order. */
  private other(line: Line): undefined {
    const at = line.text.indexOf(' console: ');
    const fault = at < 0 ? undefined : this.faults.take(line.text.slice(at + 10));
    if (fault === undefined) return undefined;
    const device = this.named.device(fault.device);
    const access = fault.flags === 1 ? 'write' : 'read';
    this.push({
      line: line.number,
      outcome: { is: 'fault' },
      calls: () => [{ op: 'dma', device, iova: fault.iova, access }],
      unseen: [],
    });
  }

  private push(seen: Seen): undefined {
    this.calls.push(seen);
  }

  private handleOf(kind: Probe['kind'], file: string): number {
    const key = `${kind} ${file}`;
    const known = this.handles.get(key) ?? { handle: this.names++, kind };
    this.handles.set(key, known);
    return known.handle;
  }

  private mm(pid: number): number {
    const known = this.spaces.get(pid) ?? this.spaces.size;
    this.spaces.set(pid, known);
    return known;
  }

  /** Which of the devices that are open a file is, nobody knows. */
  private released({ kind, line }: Probe, file: string): undefined {
    this.releases = true;
    const handle = this.handleOf(kind, file);
    const calls = (s: State): readonly Op[] =>
      (kind === 'device' ? devicesIn(s) : [handle]).map(one => ({ op: 'close', handle: one }));
    this.push({ line, outcome: { is: 'ok' }, calls, unseen: kind === 'device' ? ['handle'] : [] });
  }

  /** What may lie between two calls that were seen: a file was opened, or, unless releases are probed, closed. */
  private hidden(s: State, { names }: Seen): readonly Op[] {
    const opened = [...this.handles.values()].filter(
      h => h.handle === names && s.handles.get(h.handle).kind === 'free',
    );
    const opens = opened.flatMap(({ handle, kind }): readonly Op[] =>
      kind === 'group'
        ? s.groups.map((_, group) => ({ op: 'open_group', group, as: handle, mm: 0 }))
        : kind === 'container'
          ? [{ op: 'open_container', as: handle }]
          : [],
    );
    if (this.releases) return opens;
    const closes = s.handles.reduce(
      (found: readonly Op[], _, handle): readonly Op[] => [...found, { op: 'close', handle }],
      [],
    );
    return [...opens, ...closes];
  }

  /** A call whose return nobody saw: the next call of the same thread shows that it is over. */
  private lost(pid: number): undefined {
    const begun = this.begun.get(pid);
    if (begun === undefined || begun.is !== 'ioctl') return;
    this.passOver('calls without a return, whose answers stay open');
    this.call(begun, begun, undefined);
  }

  private returned(probe: Probe): undefined {
    const begun = this.begun.get(probe.pid);
    this.begun.delete(probe.pid);
    const ret = signed(numberIn(probe.fields, 'ret'));
    if (begun === undefined || ret === undefined || begun.kind !== probe.kind)
      return this.passOver('returns alone');
    if (begun.is !== 'open') return this.call(begun, probe, ret);
    this.opened(begun, errnoOf(ret));
  }

  private call(begun: Begun, end: Probe, ret: bigint | undefined): undefined {
    const cmd = numberIn(begun.fields, 'cmd') ?? 0n;
    const op = cmd >> 8n === 0x3bn ? askedOn(begun.kind, Number(cmd & 0xffn)) : undefined;
    if (op === undefined) return this.passOver(`${begun.kind} cmd 0x${cmd.toString(16)}`);
    this.asked(op, begun, end, ret);
  }

  private opened({ kind, handle, line, pid }: Begun, errno: string | undefined): undefined {
    const mm = this.mm(pid);
    const outcome = answered(errno);
    if (kind === 'group') {
      const calls = (s: State): readonly Op[] =>
        s.groups.map((_, group) => ({ op: 'open_group', group, as: handle, mm }));
      this.push({ line, outcome, calls, unseen: ['group'] });
    }
  }

  private asked(op: string, begun: Begun, end: Probe, ret: bigint | undefined): undefined {
    const errno = ret === undefined ? undefined : errnoOf(ret);
    const { handle, fields, line, pid } = begun;
    const mm = this.mm(pid);
    const add = (calls: Seen['calls'], unseen: readonly string[] = [], values: object = {}): undefined =>
      this.push({
        line: end.line,
        from: line,
        outcome: ret === undefined ? { is: 'unobserved' } : answered(errno, values),
        calls,
        unseen,
        names: handle,
      });
    const scalar = numberIn(fields, 'arg') ?? 0n;
    switch (op) {
      case 'map':
        return add(() => mapsOf(fields, handle, mm, errno), errno === 'EFAULT' ? ['vaddr'] : []);
      case 'unmap':
        return add(() => unmapsOf(fields, handle, errno), [], unmappedIn(end, errno));
      case 'set_iommu':
        return add(() => [{ op, handle, type: typeOf(scalar), mm }]);
      case 'check_extension':
        return add(() => [{ op, handle, extension: extensionOf(scalar) }], [], { yes: ret !== 0n });
      case 'iommu_info':
        return add(() => infosOf(fields, handle));
      case 'group_status':
        return add(() => openStatus(handle));
      case 'dirty_pages':
        return add(() => openDirty(handle), ['what']);
      case 'unset_container':
        return add(() => [{ op, handle }]);
      case 'set_container':
        this.named.joined(handle, errno);
        return add(openJoins(handle, mm), ['container']);
      case 'get_device':
        return this.device(begun, errno, add);
      case 'device_reset':
        this.named.reset(errno);
        return add(s => devicesIn(s).map(one => ({ op, handle: one })), ['handle']);
      default:
        return this.passOver(op);
    }
  }

  private device(
    { handle, fields, pid }: Begun,
    errno: string | undefined,
    add: (calls: Seen['calls'], unseen?: readonly string[]) => undefined,
  ): undefined {
    const text = fields.get('text') ?? '';
    const get = { op: 'get_device', handle, as: this.names++, mm: this.mm(pid) } as const;
    if (!text.startsWith('"')) return add(() => [{ ...get, device: 0, arg: 'unreadable' }], ['device']);
    // A driver's own argument may follow the name.
    const device = this.named.asked(text.slice(1, -1).split(' ')[0]!, handle, errno);
    return add(() => [{ ...get, device }]);
  }
}

const errnoOf = (ret: bigint): string | undefined => (ret < 0n ? errnoName(Number(ret)) : undefined);

/** What a function of 32 bits answers may be shown in 64, with nothing above the sign. */
const signed = (ret: bigint | undefined): bigint | undefined =>
  ret !== undefined && ret >> 31n === 1n ? ret - (1n << 32n) : ret;

const devicesIn = (s: State): readonly number[] =>
  s.handles.reduce((found: readonly number[], h, key) => (h.kind === 'device' ? [...found, key] : found), []);

const fieldsOf = (fields: ReadonlyMap<string, string>) => (name: string) => numberIn(fields, name) ?? 0n;

/** Where the argument could not be read the probe shows what was left in its buffer. */
function mapsOf(
  fields: ReadonlyMap<string, string>,
  handle: number,
  mm: number,
  errno: string | undefined,
): readonly Op[] {
  const of = fieldsOf(fields);
  const flags = of('flags');
  const op = {
    op: 'map',
    handle,
    iova: of('q16'),
    size: of('q24'),
    vaddr: of('q8'),
    prot: (['none', 'r', 'w', 'rw'] as const)[Number(flags & 3n)]!,
    mm,
    ...((flags & 4n) === 0n ? {} : { renew: true as const }),
    ...(flags > 7n ? { unknown: true as const } : {}),
    ...(of('argsz') < MAP_SIZE ? { arg: 'short' as const } : {}),
  } as const;
  return errno === 'EFAULT' ? [op, { ...op, vaddr: NOWHERE }, { ...op, arg: 'unreadable' }] : [op];
}

function unmapsOf(
  fields: ReadonlyMap<string, string>,
  handle: number,
  errno: string | undefined,
): readonly Op[] {
  const of = fieldsOf(fields);
  const flags = of('flags');
  const size = of('q16');
  const bits = (size / 4096n + 63n) / 64n;
  const op: Op = {
    op: 'unmap',
    handle,
    iova: of('q8'),
    size,
    ...((flags & 1n) === 0n ? {} : { bitmap: { size: bits * 8n, pgsize: of('q24') } }),
    ...((flags & 2n) === 0n ? {} : { all: true }),
    ...((flags & 4n) === 0n ? {} : { invalidate: true }),
    ...(flags > 7n ? { unknown: true } : {}),
    ...(of('argsz') < UNMAP_SIZE ? { arg: 'short' } : {}),
  };
  return errno === 'EFAULT' ? [op, { ...op, arg: 'unreadable' }, { ...op, arg: 'unwritable' }] : [op];
}

/** The size after the call, which a return probe shows where the kernel lets it. */
function unmappedIn({ fields }: Probe, errno: string | undefined): object {
  const unmapped = errno === undefined ? numberIn(fields, 'q16') : undefined;
  return unmapped === undefined ? {} : { unmapped };
}

function infosOf(fields: ReadonlyMap<string, string>, handle: number): readonly Op[] {
  const argsz = Number(fieldsOf(fields)('argsz') & 0xffff_ffffn);
  return [
    { op: 'iommu_info', handle, argsz },
    { op: 'iommu_info', handle, argsz, arg: 'unreadable' },
  ];
}
