// Which descriptors of the guest stand behind the names that a recording gives them?

interface File {
  readonly fd: number;
  /** The group that it is a file of, or whose device it is a file of. */
  readonly group?: number;
  readonly device?: number;
  readonly of: 'container' | 'group' | 'device';
}

/** No process has this one open. */
const NOWHERE = 9999;

/** The open descriptors by name, and which groups a container has. */
export class Files {
  private readonly byName = new Map<number, File>();
  /** Groups that were put into a container, and have not left it since. */
  private readonly contained = new Set<number>();

  /** The guest's descriptor; for a name that is not open one that nobody has. */
  fd(name: number): number {
    return this.byName.get(name)?.fd ?? NOWHERE;
  }

  has(name: number): boolean {
    return this.byName.has(name);
  }

  /** What the name stands for, or nothing. */
  at(name: number): File | undefined {
    return this.byName.get(name);
  }

  opened(name: number, file: File): void {
    this.byName.set(name, file);
  }

  /** A group whose file nobody holds any more has left its container: an open device holds it, too. */
  closed(name: number): void {
    const group = this.byName.get(name)?.group;
    this.byName.delete(name);
    if (group !== undefined && ![...this.byName.values()].some(f => f.group === group))
      this.contained.delete(group);
  }

  joined(name: number): void {
    const group = this.byName.get(name)?.group;
    if (group !== undefined) this.contained.add(group);
  }

  left(name: number): void {
    const group = this.byName.get(name)?.group;
    if (group !== undefined) this.contained.delete(group);
  }

  /** The group is no more, as its last device was taken from VFIO. */
  revoked(group: number): void {
    this.contained.delete(group);
  }

  isOpen(device: number): boolean {
    return [...this.byName.values()].some(f => f.device === device);
  }

  /** A descriptor of the device, where there is one. */
  ofDevice(device: number): number | undefined {
    return [...this.byName.values()].find(f => f.device === device)?.fd;
  }

  isContained(group: number): boolean {
    return this.contained.has(group);
  }

  /** All descriptors, devices before the groups that they hold. */
  all(): readonly number[] {
    const files = [...this.byName.values()];
    return [...files.filter(f => f.of === 'device'), ...files.filter(f => f.of !== 'device')].map(f => f.fd);
  }

  clear(): void {
    this.byName.clear();
    this.contained.clear();
  }
}
