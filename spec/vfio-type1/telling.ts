// What does a row of the state mean, in words: which mapping, which descriptor, which container?
import type { Row } from '../law/profile.js';
import type { Machine } from '../protocol/vfio-type1.js';
import { lockedBy } from './account.js';
import { deviceOpen, groupsIn, isType1 } from './holding.js';
import { available } from './mappings.js';
import { bytesOf } from './pages.js';
import type { Device, Handle, State } from './state.js';
import { validRanges } from './valid.js';

const hex = (n: bigint): string => `0x${n.toString(16)}`;
/** Bytes from the first of one page to the last of another. */
const range = (first: number, last: number): string =>
  `${hex(bytesOf(first))}-${hex(bytesOf(last + 1) - 1n)}`;

const groupName = (m: Machine, g: number): string => `group ${m.groups[g]?.id ?? g}`;
const deviceName = (m: Machine, d: number): string => m.devices[d]?.name ?? `device ${d}`;

/** By the lowest of its descriptors, else by a group that is in it. */
export function containerName(s: State, c: number, m: Machine): string {
  const by = s.handles.reduce(
    (found: number, h, key) => (found < 0 && h.kind === 'container' && h.target === c ? key : found),
    -1,
  );
  if (by >= 0) return `the container of descriptor ${by}`;
  const [first] = groupsIn(s, c);
  return first === undefined ? 'a container that nobody has' : `the container of ${groupName(m, first)}`;
}

/** A row in words; undefined for what is told by its fields. */
export function tell(s: State, at: Row, m: Machine): string | undefined {
  const [table, one, key] = at;
  const n = Number(one);
  switch (table) {
    case 'handles':
      return handle(s, n, m);
    case 'maps':
      return key === undefined ? undefined : mapping(s, n, Number(key), m);
    case 'containers':
      return container(s, n, m);
    case 'groups':
      return group(s, n, m);
    case 'devices':
      return device(s, n, m);
    case 'pins':
      return `${deviceName(m, n)} has pinned the page at ${hex(bytesOf(Number(key)))}`;
    default:
      return constant(s, String(table), n, m);
  }
}

function handle(s: State, name: number, m: Machine): string {
  const { kind, target }: Handle = s.handles.get(name);
  switch (kind) {
    case 'free':
      return `descriptor ${name} is not open`;
    case 'container':
      return `descriptor ${name} is of a container${inside(s, target, m)}`;
    case 'group':
      return `descriptor ${name} is the file of ${groupName(m, target)}`;
    case 'revoked':
      return `descriptor ${name} is the file of ${groupName(m, target)}, whose last device has gone`;
    case 'device':
      return `descriptor ${name} has ${deviceName(m, target)} open, which holds the file of ${groupName(m, s.devices[target]!.group)}`;
  }
}

function inside(s: State, c: number, m: Machine): string {
  const groups = groupsIn(s, c).map(g => groupName(m, g));
  return groups.length === 0 ? ' without groups' : ` with ${groups.join(', ')}`;
}

function mapping(s: State, c: number, at: number, m: Machine): string {
  const d = s.maps[c]!.get(at);
  const where = containerName(s, c, m);
  if (d.pages === 0) return `nothing is mapped at ${hex(bytesOf(at))} in ${where}`;
  const leads = `${d.prot}, to ${hex(bytesOf(d.vaddr))} of process ${d.mm}`;
  const invalid = d.invalid ? '; its user address is declared invalid' : '';
  return `${range(at, at + d.pages - 1)} is mapped in ${where}, ${leads}${invalid}`;
}

function container(s: State, c: number, m: Machine): string {
  if (s.containers[c] === undefined) return `there is no container ${c}`;
  const { backend, tracking } = s.containers[c];
  const name = `${containerName(s, c, m)}${inside(s, c, m)}`;
  if (backend === 'none') return `${name} has no backend`;
  if (!isType1(s.containers[c]!)) return `${name} has the backend without an IOMMU`;
  const ranges = validRanges(s, c).map(r => range(r.start, r.end));
  const valid = ranges.length === 0 ? 'every address is valid' : `valid is ${ranges.join(', ')}`;
  const limits = `${s.maps[c]!.size} mapped, ${available(s, c)} more may be`;
  return `${name} has the backend ${backend}; ${valid}; ${limits}${tracking ? '; dirty pages are tracked' : ''}`;
}

function group(s: State, g: number, m: Machine): string {
  if (s.groups[g] === undefined) return `there is no group ${g}`;
  const { container: c, kind } = s.groups[g]!;
  const name = `${groupName(m, g)}${kind === 'iommu' ? '' : ` (${kind})`}`;
  return c < 0 ? `${name} is in no container` : `${name} is in ${containerName(s, c, m)}`;
}

const DRIVERS: { readonly [D in Device['driver']]: string } = {
  absent: 'is not in the machine',
  none: 'has no driver',
  vfio: 'is bound to vfio',
  kernel: 'has a driver of the kernel, which uses the DMA of the kernel',
  stub: 'has a driver that does no DMA of the kernel',
};

function device(s: State, d: number, m: Machine): string {
  if (s.devices[d] === undefined) return `there is no device ${d}`;
  const { driver, leaving, group: g, direct, isolatedMsi } = s.devices[d]!;
  const more = [
    ...(leaving === 'no' ? [] : [leaving === 'unbind' ? 'is to be unbound' : 'is to be removed']),
    ...(deviceOpen(s, d) ? ['is open'] : []),
    ...(direct ? ['is mapped one to one by firmware'] : []),
    ...(isolatedMsi ? [] : ['has interrupts that are not isolated']),
  ];
  return [`${deviceName(m, d)} of ${groupName(m, g)} ${DRIVERS[driver]}`, ...more].join(', ');
}

/** What the machine is, and no call changes. */
function constant(s: State, table: string, n: number, m: Machine): string | undefined {
  if (table === 'kernel') {
    const { dmaLimit, unsafeInterrupts } = s.kernel;
    return `dma_entry_limit is ${dmaLimit}, allow_unsafe_interrupts is ${unsafeInterrupts ? 'set' : 'not set'}`;
  }
  if (table === 'mms') {
    const { lockLimit, rawio } = s.mms[n]!;
    const limit =
      lockLimit < 0 ? 'may lock any number of pages' : `may lock ${lockLimit} pages (RLIMIT_MEMLOCK)`;
    return `process ${n} ${limit}, and has locked ${lockedBy(s, n)}${rawio ? '' : '; it has no CAP_SYS_RAWIO'}`;
  }
  if (table === 'units') {
    const { start, end, driver } = s.units[n]!;
    return `IOMMU ${n} (${driver}) translates ${range(start, end)}`;
  }
  if (table === 'reserved') {
    const r = s.reserved[n]!;
    return `${range(r.start, r.end)} is reserved for ${groupName(m, r.group)}`;
  }
  if (table === 'memory') {
    const r = s.memory[n]!;
    const what = `${r.writable ? 'rw' : 'r'}${r.device ? ', of a device' : ''}`;
    return `process ${r.mm} has memory at ${range(r.start, r.start + r.pages - 1)}, ${what}`;
  }
  return undefined;
}
