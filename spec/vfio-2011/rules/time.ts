// What does the passing of time do to a removal that waits?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { contextOf } from '../sets.js';
import type { Handle, Op, State } from '../state.js';
import { dissolve, letGo } from '../teardown.js';
import { release } from './close.js';
import type { Rule } from './handles.js';

type Tick = Extract<Op, { op: 'tick' }>;
type SetTimeout = Extract<Op, { op: 'set_timeout' }>;

const TIMEOUT = cite('mail-2011', '"we need the hard timeout handling in the kernel"');

/** Does a wait end by force at all? */
const bounded = (s: State, p: PolicyValues): boolean =>
  p['hot-remove-in-use'] !== 'wait-forever' && s.clock.timeout > 0;

const expired = (s: State, device: number): boolean =>
  s.devices[device]!.leaving === 'asleep' && s.devices[device]!.age >= s.clock.timeout;

/** One tick older; a wait never counts past the timeout. */
const older = (s: State): State =>
  patch(s, {
    devices: s.devices.map(d =>
      d.leaving === 'asleep' && d.age < s.clock.timeout ? patch(d, { age: d.age + 1 }) : d,
    ),
  });

/** The device's own handles go dead and it is let go; the rest of its set lives on. */
function revoke(s: State, device: number, p: PolicyValues): State {
  const c = contextOf(s, device, p);
  const handles = s.handles.reduce(
    (now, h, key) =>
      h.kind === 'device' && h.target === device ? now.set(key, patch(h, { kind: 'dead', target: -1 })) : now,
    s.handles,
  );
  return letGo(dissolve(patch(s, { handles }), c, p), device, p);
}

/** Does this handle keep the context in use? */
const keeps = (s: State, h: Handle, c: number, p: PolicyValues): boolean =>
  (h.kind === 'context' && h.target === c) ||
  (h.kind === 'device' && contextOf(s, h.target, p) === c) ||
  (h.kind === 'group' && p['group-handle-is-use'] === 'yes' && s.groups[h.target]!.context === c);

/** Every process that keeps the device's set in use is killed: all its handles are closed, of any set. */
function kill(s: State, device: number, p: PolicyValues): State {
  const c = contextOf(s, device, p);
  const victims = s.handles.reduce(
    (mms: ReadonlySet<number>, h) => (keeps(s, h, c, p) ? new Set([...mms, h.mm]) : mms),
    new Set<number>(),
  );
  return s.handles.reduce((now, h, key) => (victims.has(h.mm) ? release(now, key, p) : now), s);
}

/** Each wait that is over its time, in the order of the machine's list. */
const enforce = (s: State, p: PolicyValues, end: typeof revoke): State =>
  s.devices.reduce((now, _, device) => (expired(now, device) ? end(now, device, p) : now), s);

export const tick: readonly Rule<Tick>[] = [
  ending(
    {
      id: 'tick/nothing-ends',
      says: 'Without a hard timeout the passing of time ends no wait (policy hot-remove-in-use=wait-forever, or a timeout of 0).',
      cite: [TIMEOUT],
      status: 'disputed',
    },
    s => ({ outcome: { is: 'ok' }, state: s }),
    (s, _, p) => !bounded(s, p) || s.devices.every(d => d.leaving !== 'asleep'),
  ),
  ending(
    {
      id: 'tick/revokes',
      says: 'A removal that has waited for the hard timeout takes the device: its handles go dead, and its driver lets go.',
      cite: [TIMEOUT, cite('ours', 'ADR-0006: dead handles')],
      status: 'disputed',
    },
    (s, _, p) => ({ outcome: { is: 'ok' }, state: enforce(older(s), p, revoke) }),
    (_, __, p) => p['hot-remove-in-use'] === 'timeout-then-revoke',
  ),
  ending(
    {
      id: 'tick/kills',
      says: 'A removal that has waited for the hard timeout has the processes killed that keep the set in use; all their handles are closed and the waiter is woken.',
      cite: [TIMEOUT, cite('vfio-rfc-2', 'vfio_unbind_dev: "killing the process holding the device fds"')],
      status: 'disputed',
    },
    (s, _, p) => ({ outcome: { is: 'ok' }, state: enforce(older(s), p, kill) }),
  ),
];

export const setTimeout: readonly Rule<SetTimeout>[] = [
  refuse(
    'EPERM',
    {
      id: 'set_timeout/not-admin',
      says: 'Only CAP_SYS_ADMIN sets how long a user may keep a device that is to leave.',
      cite: [cite('mail-2011', '"I don\'t see how we wouldn\'t require CAP_SYS_ADMIN"')],
    },
    (_, o) => !o.admin,
  ),
  ending(
    {
      id: 'set_timeout/set',
      says: 'The hard timeout is set, for waits that have begun as well; 0 is no limit.',
      cite: [TIMEOUT],
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: patch(s, { clock: patch(s.clock, { timeout: o.ticks }) }) }),
  ),
];
