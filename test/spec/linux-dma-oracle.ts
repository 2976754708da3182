// Does the factored law of linux-dma accept exactly what an enumeration of all assignments accepts?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { all } from '../../spec/kit/sorted-rows.js';
import { allowed, defaultPolicies } from '../../spec/law/profile.js';
import { branches } from '../../spec/linux-dma/hub.js';
import type { Policies } from '../../spec/linux-dma/policies.js';
import { linuxDma } from '../../spec/linux-dma/profile.js';
import type { State } from '../../spec/linux-dma/state.js';
import type { Op } from '../../spec/protocol/linux-dma.js';
import {
  follow,
  type Held,
  heldAfter,
  meets,
  pagesAt,
  type Range,
  spelled,
  type World,
} from './linux-dma-worlds.js';

const MOST_WORLDS = 3000;
const policies: Policies = defaultPolicies<Policies>(linuxDma);
const P = 4096n;
type Code = readonly [number, number, number, number];

/** What a driver gives back is unmapped just before; in strict mode it is out of the hardware, too. */
function givenBack([, a, b, c]: Code, s: State, handles: readonly Held[]): readonly Op[] {
  const out = handles[a % Math.max(1, handles.length)];
  if (out === undefined) return [];
  const task = c % 5 === 0 ? '2' : '1';
  const { start, end } = pagesAt(out.addr, out.size);
  const range = { iova: BigInt(start) * P, size: BigInt(end - start) * P };
  const flushed = s.tags.find(t => t.label === out.label && c % 3 > 0);
  const base = { unit: 'u', type: 'iotlb', pasid: 0, task };
  return [
    { op: 'unmap', ...range, unmapped: range.size, task },
    ...(flushed ? [{ op: 'cache_tag_flush_all', ...base, did: flushed.did } as const] : []),
    {
      op: 'dma_unmap',
      via: 'page',
      device: b % 7 === 0 ? `d${b % 3}` : out.device,
      segments: [{ addr: out.addr, size: out.size }],
    },
  ];
}

/** A trace line for four random numbers; null where nothing fits. Most lines are plausible, few are absurd. */
function lineFor([kind, a, b, c]: Code, s: State, pages: number, handles: readonly Held[]): readonly Op[] {
  const iova = BigInt(a % pages) * P;
  const size = BigInt(1 + (b % 3)) * P;
  const [task, did] = [c % 5 === 0 ? '2' : '1', 1 + (b % 3)];
  const tag = s.tags.find(t => t.did === did);
  if (kind < 5) return [{ op: 'map', iova, paddr: iova + BigInt(1 + (c % 2)) * 8n * P, size, task }];
  const back = kind === 8 ? givenBack([kind, a, b, c], s, handles) : [];
  if (back.length > 0) return back;
  if (kind < 9) {
    const extra = c % 7 === 0 ? P : c % 7 === 1 && size > P ? -P : 0n;
    return [{ op: 'unmap', iova, size, unmapped: size + extra, task }];
  }
  if (kind < 11) {
    if (!s.machine.dma) return [];
    const phys = iova + BigInt(1 + (c % 2)) * 8n * P;
    const use = { op: 'dma_map', device: `d${b % 3}`, segments: [{ addr: iova, size }], phys } as const;
    if (c % 3 > 0) return [{ ...use, via: 'sg', partial: true }];
    return [
      { op: 'map', iova, paddr: phys, size, task },
      { ...use, via: 'page' },
    ];
  }
  if (kind === 15 && a % 3 === 0) {
    const device = `d${b % 3}`;
    const member = all(s.devices).find(d => d.name === device);
    return member
      ? [{ op: 'remove_device_from_group', group: member.group, device }]
      : [{ op: 'add_device_to_group', group: b % 3, device }];
  }
  if (!s.machine.tags) return kind < 13 ? [{ op: 'attach_device_to_domain', device: `d${b % 3}`, task }] : [];
  if (kind < 14) {
    if (!tag) return [];
    const base = { unit: 'u', type: 'iotlb', did, pasid: 0, task };
    if (kind === 13 && c % 3 === 0) return [{ op: 'cache_tag_flush_all', ...base }];
    return [{ op: 'cache_tag_flush_range', ...base, ...blockFor(iova / P, BigInt(1 + (c % 2))) }];
  }
  const device = `d${b % 3}`;
  if (tag) {
    return [
      { op: 'cache_tag_unassign', unit: 'u', type: 'iotlb', did, pasid: 0, ref: 1, task },
      { op: 'attach_device_to_domain', device, task },
    ];
  }
  return [
    { op: 'cache_tag_assign', unit: 'u', type: 'iotlb', did, pasid: 0, ref: 1, task },
    { op: 'attach_device_to_domain', device, task },
  ];
}

const pagesOf = (op: Extract<Op, { op: 'dma_map' }>): Range =>
  pagesAt(op.segments[0]!.addr, op.segments[0]!.size);

/** The range of so many pages and the smallest aligned block that holds it. */
function blockFor(first: bigint, pages: bigint) {
  let mask = 0n;
  while (first >> mask !== (first + pages - 1n) >> mask) mask++;
  return {
    start: first * P,
    last: (first + pages) * P - 1n,
    addr: ((first >> mask) << mask) * P,
    pages: 1n << mask,
    mask,
  };
}

/** Groups d0, d1, d2; with tags the first two are on domain ids 1 and 2. */
function opening(tags: boolean, groups: number): Op[] {
  const ops: Op[] = [];
  for (let g = 0; g < groups; g++) ops.push({ op: 'add_device_to_group', group: g, device: `d${g}` });
  for (let g = 0; g < Math.min(groups, 2); g++) {
    if (tags)
      ops.push({ op: 'cache_tag_assign', unit: 'u', type: 'iotlb', did: g + 1, pasid: 0, ref: 1, task: '1' });
    ops.push({ op: 'attach_device_to_domain', device: `d${g}`, task: '1' });
  }
  return ops;
}

interface Run {
  readonly codes: readonly Code[];
  readonly tags: boolean;
  readonly strict: boolean;
  readonly dma: boolean;
  readonly groups: number;
}

/** Judges one random trace both ways; gives back how many lines were accepted and refused. */
function compare({ codes, tags, strict, dma, groups }: Run): {
  accepted: number;
  refused: number;
  doubtful: number;
  split: number;
  givenBack: number;
} {
  let states: readonly State[] = [
    linuxDma.initial({ mode: strict ? 'strict' : 'lazy', tags, queue: false, dma }, policies, false),
  ];
  let worlds: World[] = [[]];
  let handles: readonly Held[] = [];
  const seen = { accepted: 0, refused: 0, doubtful: 0, split: 0, givenBack: 0 };
  const step = (op: Op, split: boolean): void => {
    const s = states[0]!;
    if ('segments' in op && !all(s.devices).some(d => d.name === op.device && d.domain !== -2)) return;
    // The allocator of IOVAs hands out no address twice.
    if (op.op === 'dma_map' && handles.some(h => meets(pagesAt(h.addr, h.size), pagesOf(op)))) return;
    const endings = states.map(state => allowed(linuxDma, state, op, policies));
    const next = new Map(worlds.flatMap(w => follow(w, s, op, handles)).map(w => [spelled(w), w]));
    const good = endings.flat().filter(e => e.outcome.is === 'ok');
    const ok = good.length > 0;
    const rules = endings.map(e => e[0]!.rule).join();
    if (!UNDECIDED.includes(op.op) && !ok && !rules.includes('own-flush')) return;
    assert.equal(
      ok,
      next.size > 0,
      `${JSON.stringify(op, (_k, v) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v))} ${rules}`,
    );
    seen[ok ? 'accepted' : 'refused']++;
    if (!ok) return;
    if (op.op === 'dma_unmap') seen.givenBack++;
    handles = heldAfter(handles, s, op);
    states = good.flatMap(e => (split ? branches(e.state, EVERYWHERE, 1, 1) : [e.state]));
    worlds = [...next.values()];
    if (worlds.length > 1) seen.doubtful++;
    if (states.length > 1) seen.split++;
    for (const state of states) for (const p of linuxDma.always) assert.ok(p.holds(state, policies), p.id);
  };
  for (const op of opening(tags, groups)) step(op, false);
  for (const code of codes) {
    const s = states[0]!;
    const ops = lineFor(code, s, 6, handles);
    if (
      ops.some(
        op => op.op === 'dma_map' && !all(s.devices).some(d => d.name === op.device && d.domain !== -2),
      )
    )
      continue;
    for (const op of ops) step(op, code[3] % 4 === 1);
    if (worlds.length > MOST_WORLDS || states.length > 200) break;
  }
  return seen;
}

const EVERYWHERE: Range = { start: 0, end: Number.MAX_SAFE_INTEGER };
/** The lines whose answer depends on which domain is meant. */
const UNDECIDED = ['map', 'unmap', 'dma_map', 'dma_unmap', 'cache_tag_flush_range', 'cache_tag_flush_all'];

const code = fc.tuple(fc.nat(15), fc.nat(60), fc.nat(60), fc.nat(60));
const run = fc.record({
  codes: fc.array(code, { minLength: 5, maxLength: 24, size: 'max' }),
  tags: fc.boolean(),
  strict: fc.boolean(),
  dma: fc.boolean(),
  groups: fc.integer({ min: 1, max: 3 }),
});

/** So many random traces, judged both ways, in which mappings are given back more often than that. */
export function testFactored(runs: number, givenBack: number): void {
  test('the factored law and the enumeration of all assignments agree on every line', () => {
    const total = { accepted: 0, refused: 0, doubtful: 0, split: 0, givenBack: 0 };
    fc.assert(
      fc.property(run, r => {
        const seen = compare(r);
        total.accepted += seen.accepted;
        total.refused += seen.refused;
        total.doubtful += seen.doubtful;
        total.split += seen.split;
        total.givenBack += seen.givenBack;
      }),
      { numRuns: runs, seed: 17 },
    );
    assert.ok(
      total.accepted > runs / 1.5 &&
        total.refused > runs / 3 &&
        total.doubtful > runs / 3 &&
        total.split > runs / 30 &&
        total.givenBack > givenBack,
      JSON.stringify(total),
    );
  });
}
