// How do the tests of linux-dma write down a trace in few words, and judge it?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Allowed } from '../../spec/law/clause.js';
import { allowed, defaultPolicies } from '../../spec/law/profile.js';
import type { Policies } from '../../spec/linux-dma/policies.js';
import { linuxDma } from '../../spec/linux-dma/profile.js';
import type { Setup, State } from '../../spec/linux-dma/state.js';
import type { Op } from '../../spec/protocol/linux-dma.js';

export const PAGE = 4096n;
const T = '1';

/** Lines in short: pages instead of bytes, one task, one unit. */
export const line = {
  add: (device: string, group: number): Op => ({ op: 'add_device_to_group', group, device }),
  remove: (device: string, group: number): Op => ({ op: 'remove_device_from_group', group, device }),
  attach: (device: string, task = T): Op => ({ op: 'attach_device_to_domain', device, task }),
  detach: (device: string): Op => ({ op: 'detach_device_from_domain', device, task: T }),
  map: (page: number, pages = 1, phys = page, task = T): Op => ({
    op: 'map',
    iova: BigInt(page) * PAGE,
    paddr: BigInt(phys) * PAGE,
    size: BigInt(pages) * PAGE,
    task,
  }),
  unmap: (page: number, pages = 1, removed = pages, task = T): Op => ({
    op: 'unmap',
    iova: BigInt(page) * PAGE,
    size: BigInt(pages) * PAGE,
    unmapped: BigInt(removed) * PAGE,
    task,
  }),
  assign: (did: number, ref = 1, task = T): Op => ({
    op: 'cache_tag_assign',
    unit: 'u',
    type: 'iotlb',
    did,
    pasid: 0,
    ref,
    task,
  }),
  unassign: (did: number, ref = 1, task = T): Op => ({
    op: 'cache_tag_unassign',
    unit: 'u',
    type: 'iotlb',
    did,
    pasid: 0,
    ref,
    task,
  }),
  flush: (did: number, page: number, pages = 1, task = T): Op => ({
    op: 'cache_tag_flush_range',
    unit: 'u',
    type: 'iotlb',
    did,
    pasid: 0,
    start: BigInt(page) * PAGE,
    last: BigInt(page + pages) * PAGE - 1n,
    addr: BigInt(page) * PAGE,
    pages: BigInt(pages),
    mask: 0n,
    task,
  }),
  flushAll: (did: number): Op => ({
    op: 'cache_tag_flush_all',
    unit: 'u',
    type: 'iotlb',
    did,
    pasid: 0,
    task: T,
  }),
  submit: (low: bigint, high = 0n): Op => ({
    op: 'qi_submit',
    unit: 'u',
    words: [low, high, 0n, 0n],
    task: T,
  }),
  use: (device: string, page: number, pages = 1, phys = page): Op => ({
    op: 'dma_map',
    via: 'page',
    device,
    segments: [{ addr: BigInt(page) * PAGE, size: BigInt(pages) * PAGE }],
    phys: BigInt(phys) * PAGE,
  }),
  done: (device: string, page: number, pages = 1): Op => ({
    op: 'dma_unmap',
    via: 'page',
    device,
    segments: [{ addr: BigInt(page) * PAGE, size: BigInt(pages) * PAGE }],
  }),
  alloc: (device: string, page: number): Op => ({
    op: 'dma_alloc',
    device,
    addr: BigInt(page) * PAGE,
    size: PAGE,
  }),
  free: (device: string, page: number): Op => ({
    op: 'dma_free',
    device,
    addr: BigInt(page) * PAGE,
    size: PAGE,
  }),
};

export const DEFAULTS: Policies = defaultPolicies<Policies>(linuxDma);

export type Verdict =
  | { readonly ok: true; readonly state: State; readonly rules: readonly string[] }
  | { readonly ok: false; readonly at: number; readonly rule: string; readonly related: readonly number[] };

/** The candidate loop of a judge, for lines that all report that the kernel did it. */
export function judge(setup: Setup, ops: readonly Op[], policies: Policies = DEFAULTS): Verdict {
  let states: readonly State[] = [linuxDma.initial(setup, policies, false)];
  const rules: string[] = [];
  for (const [i, op] of ops.entries()) {
    const endings: Allowed<State>[] = states.flatMap(s => [...allowed(linuxDma, s, op, policies)]);
    const left = endings.filter(e => e.outcome.is === 'ok');
    if (left.length === 0) {
      const related = linuxDma.explain!(states[0]!, op, policies).flatMap(r =>
        r.event === undefined ? [] : [r.event],
      );
      return { ok: false, at: i + 1, rule: endings[0]!.rule, related };
    }
    rules.push(left[0]!.rule);
    states = left.map(e => e.state);
  }
  return { ok: true, state: states[0]!, rules };
}

export const PLAIN: Setup = { mode: 'lazy', tags: false, queue: false, dma: false };
export const STRICT: Setup = { mode: 'strict', tags: true, queue: false, dma: true };
export const QUEUE: Setup = { ...STRICT, queue: true };
export const LAZY: Setup = { ...STRICT, mode: 'lazy' };

/** One group with one device, its default domain attached; with tags as domain id 1. */
export const one = [line.add('a', 0), line.attach('a')];
export const oneTagged = [line.add('a', 0), line.assign(1), line.attach('a')];
export const two = [...one, line.add('b', 1), line.attach('b')];
export const twoTagged = [...oneTagged, line.add('b', 1), line.assign(2), line.attach('b')];

export interface Case {
  readonly name: string;
  readonly setup: Setup;
  readonly before: readonly Op[];
  readonly op: Op;
  /** The rule that decides on the last line. */
  readonly rule: string;
  readonly refused?: boolean;
}
export const refused = (name: string, setup: Setup, before: readonly Op[], op: Op, rule: string): Case => ({
  name,
  setup,
  before,
  op,
  rule,
  refused: true,
});
export const accepted = (name: string, setup: Setup, before: readonly Op[], op: Op, rule: string): Case => ({
  name,
  setup,
  before,
  op,
  rule,
});

/** One test for each case: the rule that decides on its last line. */
export function runCases(cases: readonly Case[]): void {
  for (const c of cases) {
    test(`linux-dma: ${c.name}`, () => {
      const verdict = judge(c.setup, [...c.before, c.op]);
      const found = verdict.ok
        ? verdict.rules[verdict.rules.length - 1]
        : `${verdict.rule} on line ${verdict.at}`;
      assert.equal(found, c.refused ? `${c.rule} on line ${c.before.length + 1}` : c.rule);
    });
  }
}
