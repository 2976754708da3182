// What may never happen to a user, and to the kernel beside one?

import type { Table } from '../../kit/table.js';
import type { StateProperty, StepProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { contextInUse, contextOf, deviceInUse, viable } from '../sets.js';
import type { Mapping, Op, State } from '../state.js';

type Always = StateProperty<State, PolicyValues>;
type Step = StepProperty<State, Op, PolicyValues>;

export const safety: readonly Always[] = [
  {
    id: 'waiter/asleep-only-while-held',
    says: 'Whoever waits for a set to be idle sleeps only while it is in use: nobody misses the wake-up.',
    cite: [cite('vfio-rfc-2', 'vfio_do_release: wake_up')],
    holds: (s, p) =>
      s.devices.every((d, at) => {
        if (d.leaving !== 'asleep') return true;
        const c = contextOf(s, at, p);
        return c >= 0 && contextInUse(s, c, p);
      }),
  },
  {
    id: 'waiter/has-something-to-lose',
    says: 'Only a tracked device that is bound to vfio is waited for.',
    cite: [cite('vfio-rfc-2', 'vfio_unbind_dev')],
    holds: s => s.devices.every(d => d.leaving === 'no' || (d.driver === 'vfio' && d.listed === 'yes')),
  },
  {
    id: 'viable/means-isolated',
    says: 'In a set that is reported viable, every device present in the isolation group of a member is bound to vfio, tracked or not.',
    cite: [cite('mail-2011', '"mark the group tainted so it\'s effectively never viable"')],
    holds: (s, p) =>
      s.groups.every(
        g =>
          g.context < 0 ||
          !viable(s, g.context, p) ||
          s.devices.every(d => d.group !== g.hardware || d.driver === 'absent' || d.driver === 'vfio'),
      ),
  },
];

const same = (a: Table<Mapping>, b: Table<Mapping>): boolean => {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  return a.reduce((equal: boolean, r, at) => {
    const other = b.get(at);
    return equal && other.pages === r.pages && other.frame === r.frame && other.prot === r.prot;
  }, true);
};

/** Nothing that decides what a device translates to has changed. */
const sameTranslations = (a: State, b: State): boolean =>
  a.devices === b.devices && a.groups === b.groups && a.maps === b.maps;

const SPEAKS_FOR_A_CONTEXT: readonly Op['op'][] = [
  'get_context',
  'get_device',
  'merge',
  'unmerge',
  'map',
  'unmap',
];

/** The contexts that a successful command acted on, by the handles that it named. */
function touched(s: State, op: Op): readonly number[] {
  const names: number[] = [];
  if ('handle' in op) names.push(op.handle);
  if (op.op === 'merge') names.push(op.incoming);
  if (op.op === 'unmerge' && op.member !== null) names.push(op.member);
  return names.flatMap(name => {
    const h = s.handles.get(name);
    if (h.kind === 'context') return [h.target];
    return h.kind === 'group' ? [s.groups[h.target]!.context] : [];
  });
}

export const steps: readonly Step[] = [
  {
    id: 'refusal/changes-nothing',
    says: 'A refused operation leaves the very same state.',
    cite: [cite('ours', 'ADR-0007: a refusal changes nothing')],
    holds: (before, _, after) => after.outcome.is !== 'refused' || after.state === before,
  },
  {
    id: 'translation/steady-under-open-device',
    says: 'What an open device sees changes only by map and unmap.',
    cite: [cite('mail-2011', '"can\'t leave an attack window"')],
    holds: (before, op, after, p) =>
      op.op === 'map' ||
      op.op === 'unmap' ||
      sameTranslations(before, after.state) ||
      before.devices.every((_, device) => {
        if (!deviceInUse(before, device) || !deviceInUse(after.state, device)) return true;
        const c = contextOf(before, device, p);
        const d = contextOf(after.state, device, p);
        return c >= 0 && d >= 0 && same(before.maps[c]!, after.state.maps[d]!);
      }),
  },
  {
    id: 'viable/checked-at-open',
    says: 'A context is opened only for a set that is viable.',
    cite: [cite('vfio-rfc-2', '__vfio_iommu_open')],
    holds: (before, _, after, p) =>
      after.state.contexts.every((c, at) => {
        const was = before.contexts[at]!;
        return c === was || !c.open || was.open || viable(after.state, at, p);
      }),
  },
  {
    id: 'mm/only-the-owner',
    says: 'No command of an address space succeeds on a context that another one has opened, but the info call and close.',
    cite: [cite('vfio-rfc-2', 'vfio_group_unl_ioctl: "restricted once the mm is set"')],
    holds: (before, op, after) =>
      after.outcome.is !== 'ok' ||
      !SPEAKS_FOR_A_CONTEXT.includes(op.op) ||
      touched(before, op).every(
        c => before.contexts[c]!.mm < 0 || before.contexts[c]!.mm === (op as { mm: number }).mm,
      ),
  },
  {
    id: 'mm/steady-while-open',
    says: 'A context keeps its address space from open to close.',
    cite: [cite('vfio-rfc-2', '__vfio_iommu_open, __vfio_iommu_close')],
    holds: (before, _, after) =>
      after.state.contexts.every((c, at) => {
        const was = before.contexts[at]!;
        return c === was || !was.open || !c.open || was.mm === c.mm;
      }),
  },
  {
    id: 'merge/no-open-device-moves',
    says: 'No device changes its context while a handle of it is open.',
    cite: [cite('mail-2011', 'scenario 2: "NAK, fails no open device test"')],
    holds: (before, op, after, p) =>
      (op.op !== 'merge' && op.op !== 'unmerge') ||
      before.groups === after.state.groups ||
      before.devices.every(
        (_, device) =>
          !deviceInUse(before, device) || contextOf(before, device, p) === contextOf(after.state, device, p),
      ),
  },
  {
    id: 'taint/by-own-device',
    says: 'A group is tainted only by a device of its own bus.',
    cite: [cite('mail-2011', '"internally matched by the {groupid, bus} pair"')],
    holds: (before, op, after) =>
      op.op !== 'hot_add' ||
      after.state.groups.every((g, at) => {
        if (g === before.groups[at] || !g.tainted || before.groups[at]!.tainted) return true;
        const own = after.state.groups[after.state.devices[op.device]!.group]!;
        return after.state.groups[g.hardware]!.bus === own.bus;
      }),
  },
];
