// Which steps does each thread make, and in which order?
import type { PolicyValues } from './policies.js';
import type { State, Thread } from './state.js';

export type StepName =
  | 'find'
  | 'find-and-hold'
  | 'read-group'
  | 'get-group'
  | 'lock-group'
  | 'unlock-group'
  | 'lock-device'
  | 'unlock-device'
  | 'lock-domain'
  | 'unlock-domain'
  | 'lock-probe'
  | 'unlock-probe'
  | 'link'
  | 'program'
  | 'unprogram'
  | 'flush-own'
  | 'unlink'
  | 'free-link'
  | 'put-device'
  | 'put-group'
  | 'unbind'
  | 'leave'
  | 'free-data'
  | 'clear'
  | 'pick'
  | 'flush'
  | 'look-up'
  | 'make-group'
  | 'join'
  | 'check-default'
  | 'make-default'
  | 'attach-default';

type Steps = readonly StepName[];

const inDomainLock = (p: PolicyValues, steps: Steps): Steps =>
  p['invalidate-lock'] === 'domain-lock' ? ['lock-domain', ...steps, 'unlock-domain'] : steps;

/** The list is changed under its lock; the hardware is switched before or after. */
const switching = (p: PolicyValues): Steps => {
  const link = inDomainLock(p, ['link']);
  return p['attach-order'] === 'link-then-program' ? [...link, 'program'] : ['program', ...link];
};

/** Off the hardware, its own cache emptied, and only then off the list: until then whoever flushes reaches it. */
const unlinking = (p: PolicyValues): Steps => [
  'unprogram',
  'flush-own',
  ...inDomainLock(p, ['unlink']),
  'free-link',
];

/** Attach: `find` as the mails discuss it, then the change under whatever lock there is. */
function attaching(p: PolicyValues): Steps {
  const byGroup = p['attach-by'] === 'group';
  const get: Steps = byGroup ? [] : ['read-group', 'get-group'];
  const change = switching(p);
  switch (p['attach-lock']) {
    case 'group-mutex':
      return byGroup
        ? ['lock-group', 'find', ...change, 'unlock-group', 'put-group']
        : ['find', ...get, 'lock-group', ...change, 'unlock-group', 'put-group'];
    case 'none':
      return ['find', ...get, ...change, 'put-group'];
    case 'device-mutex':
      return ['find-and-hold', 'lock-device', ...get, ...change, 'unlock-device', 'put-device', 'put-group'];
    default:
      return ['find-and-hold', ...get, ...change, 'put-device', 'put-group'];
  }
}

const UNPLUG_BEGINS: Steps = ['lock-device', 'unbind', 'unlock-device', 'lock-group', 'leave'];
const UNPLUG_ENDS: Steps = ['free-data', 'unlock-group', 'put-group', 'put-device'];

/** What the thread does, step by step. */
export function programOf(s: State, t: Thread, p: PolicyValues): Steps {
  switch (t.does) {
    case 'attach':
      return attaching(p);
    case 'unplug':
      return [...UNPLUG_BEGINS, ...unlinking(p), ...UNPLUG_ENDS];
    case 'detach':
      return ['lock-group', ...unlinking(p), 'unlock-group'];
    case 'invalidate':
      return [
        'clear',
        ...inDomainLock(
          p,
          s.devices.flatMap((): Steps => ['pick', 'flush']),
        ),
      ];
    default:
      return probing(p);
  }
}

function probing(p: PolicyValues): Steps {
  const steps: Steps = ['look-up', 'make-group', 'join', 'check-default', 'make-default', 'attach-default'];
  return p['probe-lock'] === 'global-mutex' ? ['lock-probe', ...steps, 'unlock-probe'] : steps;
}

/** The step that the thread makes next; undefined: it has finished. */
export const nextOf = (s: State, thread: number, p: PolicyValues): StepName | undefined => {
  const t = s.threads[thread];
  return t === undefined ? undefined : programOf(s, t, p)[t.at];
};
