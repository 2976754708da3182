// What does one step of a thread do, and whose memory does it touch?
import { patch, patchAt } from '../kit/record.js';
import type { PolicyValues } from './policies.js';
import { programOf, type StepName } from './programs.js';
import { type Device, type State, type Thread, USER } from './state.js';

type Used = State['world']['used'];

/** The device that the thread works on: the one that it found, or was told. */
export const targetOf = (t: Thread): number =>
  t.does === 'attach' || t.does === 'invalidate' ? t.found : t.device;

/** The device itself, its driver's data, the group: which of them are touched by a step. */
const TOUCHES: { readonly [step in StepName]?: readonly ('device' | 'data' | 'group' | 'link')[] } = {
  'read-group': ['device'],
  'get-group': ['group'],
  'lock-group': ['group'],
  'unlock-group': ['group'],
  'lock-device': ['device'],
  'unlock-device': ['device'],
  link: ['device', 'data'],
  program: ['device', 'data'],
  unprogram: ['device', 'data'],
  'flush-own': ['device', 'data'],
  flush: ['link', 'data'],
  'put-device': ['device'],
  'put-group': ['group'],
};

/** What the step uses that was freed; it may have to touch a device that the thread does not have. */
function misused(s: State, t: Thread, step: StepName): Used {
  const d = s.devices[targetOf(t)];
  for (const what of TOUCHES[step] ?? []) {
    if (what === 'group' && s.group.freed) return 'group';
    if (what === 'device' && d?.memory === 'freed') return 'device';
    if (what === 'data' && d?.data === 'freed') return 'data';
    if (what === 'link' && d?.link === 'freed') return 'link';
  }
  return 'nothing';
}

/** Who stands in the way of the step, if anybody does: a lock that is held, or a user with the device open. */
export function blockedBy(s: State, thread: number, step: StepName): boolean {
  const t = s.threads[thread]!;
  switch (step) {
    case 'lock-group':
      return s.group.lock >= 0;
    case 'lock-device':
      return s.devices[targetOf(t)]!.lock >= 0;
    case 'lock-domain':
      return s.world.domainLock >= 0;
    case 'lock-probe':
      return s.world.probeLock >= 0;
    case 'unbind':
      return s.threads.some(other => other.open === t.device && !doneWith(other));
    default:
      return false;
  }
}

/** A caller with a device open closes it when it has finished: `at` is far beyond its program then. */
export const FINISHED = 99;
const doneWith = (t: Thread): boolean => t.at >= FINISHED;

/** The state after the thread's step, and the thread one step on, or at the step that it goes on with. */
export function moved(s: State, thread: number, step: StepName, p: PolicyValues): State {
  const t = s.threads[thread]!;
  const used = s.world.used === 'nothing' ? misused(s, t, step) : s.world.used;
  const noticed = used === s.world.used ? s : patch(s, { world: patch(s.world, { used }) });
  const { state, to } = acted(noticed, thread, step, p);
  const program = programOf(s, t, p);
  const next = to ?? t.at + 1;
  // Whoever gave up before it had the group has no reference to put.
  const none = program[next] === 'put-group' && !holdsGroup(state.threads[thread]!, p);
  return patch(state, {
    threads: patchAt(state.threads, thread, { at: none || next >= program.length ? FINISHED : next }),
  });
}

interface Acted {
  readonly state: State;
  /** Where the thread goes on; left out: with the next step. */
  readonly to?: number;
}

const device = (s: State, at: number, fields: Partial<Device>): State =>
  s.devices[at] === undefined ? s : patch(s, { devices: patchAt(s.devices, at, fields) });
const group = (s: State, fields: Partial<State['group']>): State =>
  patch(s, { group: patch(s.group, fields) });
const world = (s: State, fields: Partial<State['world']>): State =>
  patch(s, { world: patch(s.world, fields) });
const self = (s: State, thread: number, fields: Partial<Thread>): State =>
  patch(s, { threads: patchAt(s.threads, thread, fields) });

const refer = (s: State, by: number): State => {
  const refs = s.group.refs + by;
  return group(s, { refs, freed: s.group.freed || refs <= 0, object: refs <= 0 ? 0 : s.group.object });
};

const hold = (s: State, at: number, by: number): State => {
  const d = s.devices[at]!;
  const refs = d.refs + by;
  return device(s, at, { refs, memory: refs <= 0 ? 'freed' : d.memory });
};

/** The way out for a thread that has found nothing to work on: locks and references are given back. */
function giveUp(s: State, t: Thread, p: PolicyValues): number {
  const program = programOf(s, t, p);
  const keeps = (step: StepName): boolean =>
    step === 'unlock-group'
      ? s.group.lock >= 0 && program.indexOf('lock-group') < t.at
      : step === 'put-group'
        ? holdsGroup(t, p)
        : step === 'unlock-device' || step === 'put-device'
          ? t.found >= 0
          : false;
  const at = program.findIndex((step, i) => i > t.at && keeps(step));
  return at < 0 ? FINISHED : at;
}

/** Has the thread a reference of the group: from the start, or since it got one? */
const holdsGroup = (t: Thread, p: PolicyValues): boolean =>
  t.does !== 'attach' || p['attach-by'] === 'group' || t.object > 0;

/** The first member that the list of the group has. */
const firstMember = (s: State): number => s.devices.findIndex(d => d.member);

function acted(s: State, thread: number, step: StepName, p: PolicyValues): Acted {
  const t = s.threads[thread]!;
  const at = targetOf(t);
  const d = s.devices[at];
  switch (step) {
    case 'find':
    case 'find-and-hold':
      return finding(s, thread, step, p);
    case 'read-group':
      return d?.member ? { state: self(s, thread, { object: d.object }) } : { state: s, to: giveUp(s, t, p) };
    case 'get-group':
      return { state: refer(s, 1) };
    case 'lock-group':
      return { state: group(s, { lock: thread }) };
    case 'unlock-group':
      return { state: group(s, { lock: -1 }) };
    case 'lock-device': {
      const locked = device(s, at, { lock: thread });
      return t.does === 'attach' && !(d!.member && d!.bound)
        ? { state: locked, to: giveUp(s, t, p) }
        : { state: locked };
    }
    case 'unlock-device':
      return { state: device(s, at, { lock: -1 }) };
    case 'put-device':
      return { state: hold(s, at, -1) };
    case 'put-group':
      return { state: refer(s, -1) };
    default:
      return changing(s, thread, step);
  }
}

function finding(s: State, thread: number, step: StepName, p: PolicyValues): Acted {
  const found = firstMember(s);
  if (found < 0) return { state: s, to: giveUp(s, s.threads[thread]!, p) };
  const known = self(s, thread, { found });
  return { state: step === 'find' ? known : hold(known, found, 1) };
}

function changing(s: State, thread: number, step: StepName): Acted {
  const t = s.threads[thread]!;
  const at = targetOf(t);
  const d = s.devices[at];
  switch (step) {
    case 'lock-domain':
      return { state: world(s, { domainLock: thread }) };
    case 'unlock-domain':
      return { state: world(s, { domainLock: -1 }) };
    case 'link':
      return { state: device(s, at, { link: 'live' }) };
    case 'program':
      return { state: device(s, at, { domain: USER, cached: d!.cached || s.world.mapped }) };
    case 'unprogram':
      return { state: device(s, at, { domain: s.group.default }) };
    case 'flush-own':
      return { state: device(s, at, { cached: false }) };
    case 'unlink':
      return { state: d?.link === 'live' ? device(s, at, { link: 'off' }) : s };
    case 'free-link':
      return { state: d?.link === 'off' ? device(s, at, { link: 'freed' }) : s };
    case 'unbind':
      return { state: device(s, at, { bound: false }) };
    case 'leave':
      return { state: device(s, at, { member: false }) };
    case 'free-data':
      return { state: device(s, at, { data: 'freed' }) };
    case 'clear':
      return { state: world(s, { mapped: false }) };
    case 'pick':
    case 'flush':
      return flushing(s, thread, step);
    default:
      return probing(s, thread, step);
  }
}

/** One device of the list after the other; where there is none left, the flush is passed over. */
function flushing(s: State, thread: number, step: 'pick' | 'flush'): Acted {
  const t = s.threads[thread]!;
  if (step === 'flush') return { state: device(s, t.found, { cached: false }) };
  const found = s.devices.findIndex((d, at) => at > t.found && d.link === 'live');
  return found < 0 ? { state: s, to: t.at + 2 } : { state: self(s, thread, { found }) };
}

function probing(s: State, thread: number, step: StepName): Acted {
  const t = s.threads[thread]!;
  switch (step) {
    case 'lock-probe':
      return { state: world(s, { probeLock: thread }) };
    case 'unlock-probe':
      return { state: world(s, { probeLock: -1 }) };
    case 'look-up':
      return { state: self(s, thread, { object: s.group.object }) };
    case 'make-group': {
      if (t.object > 0) return { state: s };
      const made = s.group.objects + 1;
      return { state: group(self(s, thread, { object: made }), { object: made, objects: made }) };
    }
    case 'join':
      return {
        state: refer(
          device(s, t.device, { memory: 'live', refs: 1, data: 'live', member: true, object: t.object }),
          1,
        ),
      };
    case 'check-default':
      return { state: self(s, thread, { needs: s.group.default === 0 }) };
    case 'make-default': {
      const made = s.group.defaults + 1;
      return { state: t.needs ? group(s, { default: made, defaults: made }) : s };
    }
    default:
      return { state: device(s, t.device, { domain: s.group.default }) };
  }
}
