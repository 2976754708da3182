// Where does a device's access end up?
import { addressOf, PAGE, pageOf } from '../../kit/pages.js';
import { oneAt } from '../../kit/runs.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { mappings } from '../mappings.js';
import type { PolicyValues } from '../policies.js';
import { contextOf } from '../sets.js';
import type { Op, State } from '../state.js';
import type { Rule } from './handles.js';

type Dma = Extract<Op, { op: 'dma' }>;

const FORMAT = cite('vt-d', 'second-stage translation');
const OFFSET = PAGE - 1n;

/** What the context of a device makes of an address: the memory, or null for a fault. */
export function translate(s: State, c: number, iova: bigint, access: Dma['access']): bigint | null {
  const run = oneAt(s.maps[c]!, pageOf(iova), mappings);
  if (run === null || !run.prot.includes(access === 'read' ? 'r' : 'w')) return null;
  return addressOf(run.frame) | (iova & OFFSET);
}

/** The open context that a device is attached to, -1: none. */
export const translator = (s: State, device: number, p: PolicyValues): number => {
  const c = contextOf(s, device, p);
  return c >= 0 && s.contexts[c]!.open ? c : -1;
};

export const dma: readonly Rule<Dma>[] = [
  refuse(
    'ENODEV',
    {
      id: 'dma/no-device',
      says: 'A device that is not in the machine makes no access.',
      cite: [cite('ours', 'ADR-0004: what the law leaves to others')],
    },
    (s, o) => o.device >= s.devices.length || s.devices[o.device]!.driver === 'absent',
  ),
  ending(
    {
      id: 'dma/outside',
      says: "A device that no open context holds is translated by the kernel's own domain, which this law does not judge.",
      cite: [cite('ours', 'ADR-0004: what the law leaves to others')],
    },
    s => ({ outcome: { is: 'outside' }, state: s }),
    (s, o, p) => translator(s, o.device, p) < 0,
  ),
  ending(
    {
      id: 'dma/translated',
      says: 'An access that a mapping of the context permits reaches the memory mapped there.',
      cite: [FORMAT],
    },
    (s, o, p) => ({
      outcome: { is: 'ok', paddr: translate(s, translator(s, o.device, p), o.iova, o.access)! },
      state: s,
    }),
    (s, o, p) => translate(s, translator(s, o.device, p), o.iova, o.access) !== null,
  ),
  ending(
    {
      id: 'dma/fault',
      says: 'Every other access faults: nothing is mapped there, or not for that kind of access.',
      cite: [FORMAT],
    },
    s => ({ outcome: { is: 'fault' }, state: s }),
  ),
];
