// Which open file of VFIO does a number mean in a process, after dup, fork, exec, close and passing?
import type { Kind } from './requests.js';

/** An open descriptor of VFIO, by the name that it has in the recording. */
export interface Descriptor {
  readonly handle: number;
  readonly kind: Kind;
}

interface Entry extends Descriptor {
  readonly cloexec: boolean;
}

/** The descriptors of one process, or of several that share them. */
class Files {
  constructor(
    readonly entries: Map<number, Entry> = new Map(),
    /** How many processes share them. */
    public users = 1,
  ) {}
}

interface Process {
  files: Files;
  /** The address space, by its number in the machine. */
  mm: number;
}

/** What becomes of descriptors, as calls: a second descriptor of a file, and its end. */
export type Effect =
  | { readonly is: 'dup'; readonly handle: number; readonly as: number }
  | { readonly is: 'close'; readonly handle: number };

/** The tables of all processes of a log. A name is never used again. */
export class Descriptors {
  private readonly processes = new Map<number, Process>();
  private names = 0;
  /** How many address spaces there were. */
  spaces = 0;

  fresh(): number {
    return this.names++;
  }

  known(pid: number): boolean {
    return this.processes.has(pid);
  }

  private of(pid: number): Process {
    const known = this.processes.get(pid) ?? { files: new Files(), mm: this.spaces++ };
    this.processes.set(pid, known);
    return known;
  }

  mm(pid: number): number {
    return this.of(pid).mm;
  }

  get(pid: number, fd: number): Descriptor | undefined {
    return this.of(pid).files.entries.get(fd);
  }

  /** A descriptor in the place of whatever the number meant. */
  set(pid: number, fd: number, kind: Kind, handle: number, cloexec = false): readonly Effect[] {
    const gone = this.close(pid, fd);
    this.of(pid).files.entries.set(fd, { handle, kind, cloexec });
    return gone;
  }

  close(pid: number, fd: number): readonly Effect[] {
    const { entries } = this.of(pid).files;
    const old = entries.get(fd);
    entries.delete(fd);
    return old === undefined ? [] : [{ is: 'close', handle: old.handle }];
  }

  /** `to` means the same file as `from`; if that is none of VFIO's, nothing of VFIO's. */
  dup(pid: number, from: number, to: number, cloexec: boolean): readonly Effect[] {
    if (from === to) return [];
    return this.receive(pid, to, this.get(pid, from), cloexec);
  }

  /** A descriptor of a file that somebody else has open. */
  receive(pid: number, to: number, file: Descriptor | undefined, cloexec: boolean): readonly Effect[] {
    const gone = this.close(pid, to);
    if (file === undefined) return gone;
    const as = this.fresh();
    this.of(pid).files.entries.set(to, { handle: as, kind: file.kind, cloexec });
    return [...gone, { is: 'dup', handle: file.handle, as }];
  }

  fork(
    parent: number,
    child: number,
    shares: { readonly files: boolean; readonly memory: boolean },
  ): readonly Effect[] {
    const from = this.of(parent);
    const mm = shares.memory ? from.mm : this.spaces++;
    if (shares.files) {
      from.files.users++;
      this.processes.set(child, { files: from.files, mm });
      return [];
    }
    const files = new Files();
    const effects: Effect[] = [];
    for (const [fd, entry] of from.files.entries) {
      const as = this.fresh();
      files.entries.set(fd, { ...entry, handle: as });
      effects.push({ is: 'dup', handle: entry.handle, as });
    }
    this.processes.set(child, { files, mm });
    return effects;
  }

  exec(pid: number): readonly Effect[] {
    const own = this.of(pid);
    const first = own.files.entries.size === 0 && own.mm === this.spaces - 1;
    if (!first) own.mm = this.spaces++;
    const gone = [...own.files.entries].filter(([, entry]) => entry.cloexec).map(([fd]) => fd);
    return gone.flatMap(fd => this.close(pid, fd));
  }

  exit(pid: number): readonly Effect[] {
    const own = this.processes.get(pid);
    if (own === undefined) return [];
    this.processes.delete(pid);
    if (--own.files.users > 0) return [];
    return [...own.files.entries.values()].map(({ handle }) => ({ is: 'close', handle }));
  }

  /** Numbers from `first` to `last`. */
  numbers(pid: number, first: number, last: number): readonly number[] {
    return [...this.of(pid).files.entries.keys()].filter(fd => fd >= first && fd <= last);
  }
}
