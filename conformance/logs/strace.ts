// What did the programs of a log of strace do with VFIO, in the words of the profile vfio-type1?
import type { Machine, Op } from '../../spec/protocol/vfio-type1.js';
import type { Line } from '../trace/lines.js';
import type { PassedOver } from '../trace/passed-over.js';
import { type Descriptor, Descriptors, type Effect } from './descriptors.js';
import { Machines } from './machines.js';
import { askedOn, extensionOf, numberOf, typeOf } from './requests.js';
import { answered, type Ranged, type Seen } from './seen.js';
import { descriptor, StraceLines, type Syscall } from './strace-lines.js';
import {
  openDevices,
  openDirty,
  openInfos,
  openJoins,
  openMaps,
  openStatus,
  openUnmaps,
} from './witnesses.js';

const NODE = /^"\/dev\/vfio\/(vfio|(?:noiommu-)?\d{1,9})"$/;
const FORKS = new Set(['clone', 'clone3', 'fork', 'vfork']);

/** Follows descriptors through all processes, and gives the calls in the order in which they ended. */
export class StraceSession {
  readonly seen: Seen[] = [];
  private readonly lines = new StraceLines();
  private readonly files = new Descriptors();
  private readonly machines = new Machines();
  private readonly others = new Map<string, number>();
  /** Forks that have begun: the child may be heard of first. */
  private readonly forking: number[] = [];
  private lasting: Ranged[] = [];
  /** What was sent over sockets, the oldest first, by the path that -y tells. */
  private readonly sent: { readonly path: string; readonly file: Descriptor | undefined }[] = [];

  take(line: Line): undefined {
    if (line.text.trim() === '') return;
    const found = this.lines.take(line);
    if (this.lines.stamp !== undefined) this.until(this.lines.stamp);
    if (found === undefined) return this.passOver('lines that are no calls');
    if ('begun' in found) {
      if (FORKS.has(found.begun)) this.forking.push(found.pid);
      return;
    }
    if (!this.files.known(found.pid)) this.adopt(found.pid);
    if ('exited' in found) return this.effects(this.files.exit(found.pid), found.line);
    this.call(found);
  }

  get machine(): Machine {
    return this.machines.made(Math.max(1, this.files.spaces));
  }

  get passedOver(): readonly PassedOver[] {
    return [...this.others].map(([name, count]) => ({ name, count, decides: false }));
  }

  /** Calls whose line came before have ended before this. */
  private until(stamp: number): undefined {
    for (const one of this.lasting) one.to = stamp;
    this.lasting = [];
  }

  private passOver(name: string): undefined {
    this.others.set(name, (this.others.get(name) ?? 0) + 1);
  }

  /** A process that nobody has heard of is the child of the fork that is under way. */
  private adopt(pid: number): undefined {
    const parent = this.forking.at(-1);
    if (parent !== undefined) this.effects(this.files.fork(parent, pid, { files: false, memory: false }), 0);
  }

  private effects(effects: readonly Effect[], line: number): undefined {
    for (const e of effects) {
      const op: Op =
        e.is === 'dup' ? { op: 'dup', handle: e.handle, as: e.as } : { op: 'close', handle: e.handle };
      this.push(line, op, { is: 'ok' });
    }
  }

  private push(line: number, op: Op, outcome: Seen['outcome']): undefined {
    this.seen.push({ line, outcome, calls: () => [op], unseen: [] });
  }

  private call(c: Syscall): undefined {
    switch (c.name) {
      case 'open':
      case 'openat':
        return this.open(c);
      case 'ioctl':
        return this.ioctl(c);
      case 'close':
        return this.close(c);
      case 'close_range':
        return this.closeRange(c);
      case 'dup':
      case 'dup2':
      case 'dup3':
      case 'fcntl':
        return this.dup(c);
      case 'execve':
      case 'execveat':
        return c.errno === undefined ? this.effects(this.files.exec(c.pid), c.line) : undefined;
      case 'sendmsg':
      case 'recvmsg':
        return this.message(c);
      default:
        return FORKS.has(c.name) ? this.fork(c) : this.passOver(c.name);
    }
  }

  private open(c: Syscall): undefined {
    const [path, flags = ''] = c.name === 'open' ? c.args : c.args.slice(1);
    const node = NODE.exec(path ?? '')?.[1];
    if (node === undefined) return c.errno === undefined ? this.replaced(c) : this.passOver(c.name);
    const as = this.files.fresh();
    const kind = node === 'vfio' ? 'container' : 'group';
    const op: Op =
      kind === 'container'
        ? { op: 'open_container', as }
        : { op: 'open_group', group: this.machines.group(node, c.errno), as, mm: this.files.mm(c.pid) };
    this.push(c.line, op, answered(c.errno));
    if (kind === 'group') this.machines.named(as);
    if (c.errno === undefined && c.value !== undefined)
      this.effects(this.files.set(c.pid, Number(c.value), kind, as, flags.includes('O_CLOEXEC')), c.line);
  }

  /** A file of somebody else's has this number now. */
  private replaced(c: Syscall): undefined {
    this.passOver('open of other files');
    if (c.value !== undefined) this.effects(this.files.close(c.pid, Number(c.value)), c.line);
  }

  private close(c: Syscall): undefined {
    const { fd } = descriptor(c.args[0]);
    const file = this.files.get(c.pid, fd);
    if (file === undefined) return this.passOver('close of other files');
    if (c.errno === undefined) this.effects(this.files.close(c.pid, fd), c.line);
  }

  private closeRange(c: Syscall): undefined {
    const [first = 0, last = 0] = c.args.map(Number);
    if (c.errno !== undefined || (c.args[2] ?? '0') !== '0') return this.passOver(c.name);
    for (const fd of this.files.numbers(c.pid, first, last))
      this.effects(this.files.close(c.pid, fd), c.line);
  }

  private dup(c: Syscall): undefined {
    const asked = c.name !== 'fcntl' || /^F_DUPFD/.test(c.args[1] ?? '');
    if (!asked || c.errno !== undefined || c.value === undefined) return this.passOver(c.name);
    const cloexec = c.args.some(a => a === 'F_DUPFD_CLOEXEC' || a === 'O_CLOEXEC');
    this.effects(this.files.dup(c.pid, descriptor(c.args[0]).fd, Number(c.value), cloexec), c.line);
  }

  private fork(c: Syscall): undefined {
    const at = this.forking.lastIndexOf(c.pid);
    if (at >= 0) this.forking.splice(at, 1);
    if (c.errno !== undefined || c.value === undefined || this.files.known(Number(c.value))) return;
    const flags = c.args.join(' ');
    const shares = { files: /CLONE_FILES/.test(flags), memory: /CLONE_VM/.test(flags) && c.name !== 'vfork' };
    this.effects(this.files.fork(c.pid, Number(c.value), shares), c.line);
  }

  /** Descriptors that go over a socket: they come out in the order in which they went in. */
  private message(c: Syscall): undefined {
    const data = /SCM_RIGHTS, cmsg_data=\[([^\]]*)\]/.exec(c.args.join(', '))?.[1];
    if (c.errno !== undefined || data === undefined) return this.passOver(c.name);
    for (const one of data.split(', ').map(descriptor)) {
      const path = one.path ?? '';
      if (c.name === 'sendmsg') {
        this.sent.push({ path, file: this.files.get(c.pid, one.fd) });
        continue;
      }
      const at = this.sent.findIndex(s => s.path === path);
      const [found] = at < 0 ? [] : this.sent.splice(at, 1);
      this.effects(
        this.files.receive(c.pid, one.fd, found?.file, /CMSG_CLOEXEC/.test(c.args.join())),
        c.line,
      );
    }
  }

  private ioctl(c: Syscall): undefined {
    const { fd, path } = descriptor(c.args[0]);
    const request = c.args[1] ?? '';
    const file = this.files.get(c.pid, fd);
    const number = numberOf(request);
    if (file === undefined) {
      if (number === undefined || !request.startsWith('VFIO')) return this.passOver('ioctl of other files');
      // Of a descriptor that was open before the log began, or that is not open: EBADF shows the second.
      if (c.errno !== 'EBADF')
        return this.passOver(
          path?.includes('vfio') ? 'ioctl of files opened before' : 'ioctl of other files',
        );
      return this.asked(c, { handle: -1, kind: 'container' }, number);
    }
    if (number === undefined) return this.passOver(request);
    this.asked(c, file, number);
  }

  private asked(c: Syscall, { handle, kind }: Descriptor, number: number): undefined {
    const op = askedOn(kind, number);
    if (op === undefined) return this.passOver(c.args[1] ?? 'ioctl');
    const mm = this.files.mm(c.pid);
    const add = (calls: Seen['calls'], unseen: readonly string[], values: object = {}): undefined => {
      this.seen.push({ line: c.line, from: c.from, outcome: answered(c.errno, values), calls, unseen });
    };
    const ranged = (is: 'map' | 'unmap', calls: Seen['calls'], unseen: readonly string[]): undefined => {
      add(calls, unseen);
      if (c.began === undefined || kind !== 'container') return;
      const window: Ranged = { is, handle, mm, from: c.began, to: Number.POSITIVE_INFINITY };
      this.lasting.push(window);
      this.seen.push({ ...this.seen.pop()!, ranged: window });
    };
    const scalar = /^(?:0x[0-9a-f]{1,16}|\d{1,19})$/.test(c.args[2] ?? '') ? BigInt(c.args[2]!) : 0n;
    switch (op) {
      case 'map':
        return ranged('map', openMaps(handle, mm), ['iova', 'size', 'vaddr', 'prot', 'renew']);
      case 'unmap':
        return ranged('unmap', openUnmaps(handle), ['iova', 'size', 'all', 'invalidate']);
      case 'iommu_info':
        return add(() => openInfos(handle), ['argsz']);
      case 'group_status':
        return add(() => openStatus(handle), []);
      case 'dirty_pages':
        return add(() => openDirty(handle), ['what']);
      case 'set_container':
        this.machines.joined(handle, c.errno);
        return add(openJoins(handle, mm), ['container']);
      case 'get_device':
        return this.device(c, handle, mm);
      case 'set_iommu':
        return add(() => [{ op, handle, type: typeOf(scalar), mm }], []);
      case 'check_extension':
        return add(() => [{ op, handle, extension: extensionOf(scalar) }], [], { yes: c.value !== 0n });
      case 'device_reset':
        this.machines.reset(c.errno);
        return add(() => [{ op, handle }], []);
      case 'unset_container':
        return add(() => [{ op, handle }], []);
    }
  }

  private device(c: Syscall, handle: number, mm: number): undefined {
    const as = this.files.fresh();
    const calls = openDevices(handle, as, mm);
    this.seen.push({ line: c.line, outcome: answered(c.errno), calls, unseen: ['device'] });
    if (c.errno === undefined && c.value !== undefined)
      this.effects(this.files.set(c.pid, Number(c.value), 'device', as, true), c.line);
  }
}
