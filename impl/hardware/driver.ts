// How does a driver change its tables, flush what it owes, and use tables and addresses again?
import { EADDRINUSE, EBUSY, EINVAL, ENOMEM } from '../errno.js';
import { MAPPED, NO_MEMORY } from '../paging/codes.js';
import { keepsAbsentWays, leavesOnlyByRange } from './architecture.js';
import type { Block, Command } from './configuration.js';
import type { Core, Owed, Space } from './core.js';
import { complete, submit, wait, waits } from './queue.js';
import { fetchAhead } from './unit.js';

/** Each batch is done before the next one is put in. */
function flush(core: Core, batches: readonly (readonly Command[])[]): void {
  for (const batch of batches) {
    if (batch.length === 0) continue;
    for (const command of batch) submit(core, command);
    wait(core);
    core.steps.waitForAll(core);
  }
}

export function waitForAll(core: Core): void {
  while (waits(core) > 0) complete(core);
}

export function devicesIn(core: Core, space: Space): readonly number[] {
  return core.contexts.flatMap((way, device) =>
    way !== null && way.tag === space.tag && way.table === space.root ? [device] : [],
  );
}

export function blockOf(core: Core, first: number, last: number): Block {
  let order = 0;
  if (core.habits.flushRange === 'page-count') while (2 ** order < last - first + 1) order++;
  else while (Math.floor(first / 2 ** order) !== Math.floor(last / 2 ** order)) order++;
  return { page: first, order };
}

/** The IOTLB, and when it is clean the TLBs in the devices that could be filled from it. */
function inOrder(core: Core, iotlb: Command, space: Space, block: Block | undefined) {
  const { deviceTlb } = core.habits;
  const asking = core.steps.devicesIn(core, space).filter(device => core.configuration.devices[device].ats);
  const devices = asking.map((device): Command => ({ is: 'device-tlb', device, block }));
  if (deviceTlb === 'forgotten') return [[iotlb]];
  return deviceTlb === 'before-iotlb' ? [devices, [iotlb]] : [[iotlb], devices];
}

function flushRange(core: Core, space: Space, { first, last, tables }: Owed): void {
  const block = core.steps.blockOf(core, first, last);
  const leaf = !tables || core.habits.leafHint === 'always';
  const whole = !leaf && leavesOnlyByRange(core.configuration);
  const { tag } = space;
  const iotlb: Command = whole ? { is: 'iotlb', tag, leaf: false } : { is: 'iotlb', tag, block, leaf };
  flush(core, inOrder(core, iotlb, space, block));
}

function flushSpace(core: Core, space: Space): void {
  flush(core, inOrder(core, { is: 'iotlb', tag: space.tag, leaf: false }, space, undefined));
}

/** Puts a device into a space, or out of any. */
export function attach(core: Core, device: number, space: Space | null): number {
  const before = core.contexts[device];
  core.steps.putWay(core, device, space);
  fetchAhead(core);
  if (before === null && !keepsAbsentWays(core.configuration)) return 0;
  const context: readonly Command[] = [{ is: 'context', device }];
  const iotlb: readonly Command[] = before === null ? [] : [{ is: 'iotlb', tag: before.tag, leaf: false }];
  const told = before !== null && core.configuration.devices[device].ats;
  const inside: readonly Command[] =
    told && core.habits.deviceTlb !== 'forgotten' ? [{ is: 'device-tlb', device }] : [];
  flush(
    core,
    core.habits.attachFlush === 'iotlb-first' ? [iotlb, context, inside] : [context, iotlb, inside],
  );
  return 0;
}

export function putWay(core: Core, device: number, space: Space | null): void {
  const { ats } = core.configuration.devices[device];
  core.contexts[device] = space === null ? null : { tag: space.tag, table: space.root, ats, pasids: false };
}

/** Maps one leaf: 0, or -EBUSY, -EADDRINUSE, -ENOMEM; -EINVAL for memory that no entry can name. */
export function map(
  core: Core,
  space: Space,
  page: number,
  out: number,
  pages: number,
  access: number,
): number {
  const { owed } = space;
  const held = owed !== null && page <= owed.last && page + pages > owed.first;
  if (held && core.habits.iovaReuse === 'after-flush') return -EBUSY;
  const code = core.steps.mapPages(core, space, page, out, pages, access);
  if (code === MAPPED) return -EADDRINUSE;
  if (code === NO_MEMORY) return -ENOMEM;
  if (code < 0) return -EINVAL;
  fetchAhead(core);
  const replaced = core.pages.collect();
  if (core.habits.tableFree === 'at-once') core.pages.release(replaced);
  if (replaced.length > 0 || (core.configuration.cachingMode && core.habits.mapFlush !== 'never'))
    flushRange(core, space, { first: page, last: page + pages - 1, tables: true });
  core.pages.release(replaced);
  return 0;
}

export function mapPages(
  _: Core,
  { table }: Space,
  page: number,
  out: number,
  pages: number,
  access: number,
): number {
  return table.map(page, out, pages, access);
}

/** Clears what is mapped from `page` on, up to the first hole; how many pages that were. A flush is owed. */
export function unmap(core: Core, space: Space, page: number, pages: number): number {
  const removed = core.steps.unmapPages(core, space, page, pages);
  const unlinked = core.pages.collect();
  if (core.habits.tableFree === 'at-once') core.pages.release(unlinked);
  else space.quarantine.push(...unlinked);
  if (removed <= 0) return Math.max(removed, 0);
  core.steps.owe(core, space, page, removed, unlinked.length > 0);
  fetchAhead(core);
  return removed;
}

export function unmapPages(_: Core, { table }: Space, page: number, pages: number): number {
  return table.unmap(page, pages);
}

export function owe(_: Core, space: Space, first: number, pages: number, tables: boolean): void {
  const { owed } = space;
  const last = first + pages - 1;
  space.owed =
    owed === null
      ? { first, last, tables }
      : {
          first: Math.min(owed.first, first),
          last: Math.max(owed.last, last),
          tables: owed.tables || tables,
        };
}

/** Flushes what is owed, in the queue's order of things; then its addresses and tables are free. */
export function sync(core: Core, space: Space): number {
  if (space.owed === null) return 0;
  if (core.configuration.lazy) flushSpace(core, space);
  else flushRange(core, space, core.steps.rangeOf(core, space));
  core.steps.free(core, space);
  space.owed = null;
  return 0;
}

export const rangeOf = (_: Core, { owed }: Space): Owed => owed!;

export function free(core: Core, space: Space): void {
  core.pages.release(space.quarantine);
  space.quarantine = [];
}

/** Where the tables lead a page, whatever is cached; 0: nowhere. */
export function lookup(core: Core, space: Space, page: number): number {
  const { levels, bits } = core.configuration;
  if (page >= 2 ** (levels * bits)) return 0;
  for (let level = levels, table = space.root; level > 0; level--) {
    const entry = core.pages.read(table, core.pages.indexAt(level, page));
    if (entry.is === 'leaf') return entry.page + (page % 2 ** (bits * (level - 1)));
    if (entry.is === 'none') return 0;
    table = entry.table;
  }
  return 0;
}
