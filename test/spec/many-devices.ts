// How is a linux-dma machine of many devices judged, each in a group and a domain of its own?
import { Judge, LAWS, type Verdict } from '../../conformance/index.js';
import { defaultPolicies } from '../../spec/law/profile.js';
import type { Op } from '../../spec/protocol/linux-dma.js';

const PROFILE = LAWS.profiles['linux-dma']!;
export const MACHINE = { mode: 'lazy', tags: false, queue: false, dma: false };
export const PAGE = 4096n;
export const T = { task: '1' } as const;

export const map = (page: bigint): Op => ({ op: 'map', iova: page * PAGE, paddr: PAGE, size: PAGE, ...T });
export const unmap = (page: bigint): Op => ({
  op: 'unmap',
  iova: page * PAGE,
  size: PAGE,
  unmapped: PAGE,
  ...T,
});

/** `n` groups of one device each, and then what happens to them. */
export function judged(n: number, then: readonly Op[], machine: object = MACHINE): Verdict {
  const judge = new Judge(PROFILE, machine, defaultPolicies(PROFILE));
  const ops: Op[] = [];
  for (let i = 0; i < n; i++) ops.push({ op: 'add_device_to_group', group: i, device: `d${i}` });
  for (let i = 0; i < n; i++) ops.push({ op: 'attach_device_to_domain', device: `d${i}`, ...T });
  for (const [i, op] of [...ops, ...then].entries()) {
    const verdict = judge.feed({ n: i + 1, op, outcome: { is: 'ok' } });
    if (verdict !== undefined) return verdict;
  }
  return judge.finish();
}

export const times = (n: number, op: Op): readonly Op[] => Array.from({ length: n }, () => op);
