// What goes when a handle is closed?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { contextHandleOpen, contextOf } from '../sets.js';
import type { Handle, Op, State } from '../state.js';
import { dissolve, dropMappings, freeGroup } from '../teardown.js';
import type { Rule } from './handles.js';

type Close = Extract<Op, { op: 'close' }>;

const RELEASE = cite('vfio-rfc-2', 'vfio_do_release, __vfio_try_dissolve_iommu');

/** The state without a handle, before anything that it held is looked at. */
const without = (s: State, handle: number): State => patch(s, { handles: s.handles.delete(handle) });

/** Lets one handle go, with all that follows. Also how the handles of a killed process are closed. */
export function release(s: State, handle: number, p: PolicyValues): State {
  const h = s.handles.get(handle);
  return after(without(s, handle), h, p);
}

function after(s: State, h: Handle, p: PolicyValues): State {
  if (h.kind === 'dead' || h.kind === 'free') return s;
  if (h.kind === 'context') {
    const orphaned = p['last-context-handle'] === 'drop' && !contextHandleOpen(s, h.target);
    return dissolve(orphaned ? dropMappings(s, h.target) : s, h.target, p);
  }
  if (h.kind === 'device') return dissolve(s, contextOf(s, h.target, p), p);
  return freeGroup(dissolve(s, s.groups[h.target]!.context, p), h.target, p);
}

export const close: readonly Rule<Close>[] = [
  refuse(
    'EBADF',
    {
      id: 'close/not-open',
      says: 'A descriptor that is not open cannot be closed.',
      cite: [cite('posix', 'close: EBADF')],
    },
    (s, o) => s.handles.get(o.handle).kind === 'free',
  ),
  ending(
    {
      id: 'close/dead',
      says: 'A dead handle holds nothing: closing it frees the descriptor only.',
      cite: [cite('ours', 'ADR-0006: dead handles')],
      status: 'disputed',
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: without(s, o.handle) }),
    (s, o) => s.handles.get(o.handle).kind === 'dead',
  ),
  ending(
    {
      id: 'close/last-context-handle',
      says: 'The last context handle of a set takes the mappings with it, also while devices are open (policy last-context-handle=drop).',
      cite: [cite('mail-2011', '"drop all iommu mappings when the iommu refcnt goes to zero"')],
      status: 'disputed',
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: release(s, o.handle, p) }),
    (s, o, p) => {
      const h = s.handles.get(o.handle);
      return (
        p['last-context-handle'] === 'drop' &&
        h.kind === 'context' &&
        !contextHandleOpen(without(s, o.handle), h.target)
      );
    },
  ),
  ending(
    {
      id: 'close/released',
      says: 'Closing any handle asks anew what is in use: a context without context and device handles loses devices, mappings and domain, and its waiters are woken; a merged set without group handles as well falls apart; a group without devices and handles is gone.',
      cite: [RELEASE, cite('mail-2011', '"If that passes, the iommu context can be dissolved"')],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: release(s, o.handle, p) }),
  ),
];
