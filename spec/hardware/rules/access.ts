// What may a device reach by an address, and what is it told of one that it asks for?
import { chapter } from '../../kit/chapter.js';
import type { Clause, Next } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import type { Outcome } from '../../protocol/outcome.js';
import { type Answers, answersOf, isSame, outcomeOf, type Request } from '../answers.js';
import type { Answer } from '../memory.js';
import type { PolicyValues } from '../policies.js';
import type { Pick, State } from '../state.js';

type Rule<K extends 'access' | 'translate'> = Clause<State, Pick<K>, PolicyValues>;

const ANY_TIME = cite(
  'riscv-iommu',
  'IOTINVAL: "valid at any time since the most recent IOTINVAL that subsumes that address"',
);
const DEVICE = cite('riscv-iommu', 'Software guidelines: Changing device directory table entry');
const ATC = cite('riscv-iommu', 'Software guidelines: Device Address Translation Cache invalidations');
const NEGATIVE = cite('vt-d', '6.1 Caching Mode');
const ORDER = cite('vt-d', '6.5.3.3 Guidance to Software for Invalidations');

/** The outcomes of some answers, each once, and none that memory gives today. */
function others(list: readonly Answer[], today: Outcome, request: Request): readonly Outcome[] {
  const found: Outcome[] = [];
  for (const answer of list) {
    const outcome = outcomeOf(answer, request);
    if (!isSame(outcome, today) && !found.some(o => isSame(o, outcome))) found.push(outcome);
  }
  return found;
}

/** By which part of the caches: outcomes that are not those of memory today. */
const older = (s: State, o: Request, part: (a: Answers) => readonly Answer[]): readonly Outcome[] => {
  const answers = answersOf(s, o, o.op === 'translate');
  return others(part(answers), outcomeOf(answers.today, o), o);
};

const ends = (s: State, list: readonly Outcome[]): readonly Next<State>[] =>
  list.map(outcome => ({ outcome, state: s }));
const pages = (list: readonly Outcome[]): readonly Outcome[] => list.filter(o => o.is === 'ok');
const faults = (list: readonly Outcome[]): readonly Outcome[] => list.filter(o => o.is === 'fault');

const part = {
  entries: (a: Answers) => a.entries,
  ways: (a: Answers) => a.ways,
  device: (a: Answers) => a.device,
};

const reaching = chapter<State, Pick<'access'>, PolicyValues>('access', ANY_TIME);
export const access: readonly Rule<'access'>[] = [
  reaching.mayEnd(
    'stale-entry',
    'The translation is one that the tables held at a time since the last completed invalidation that covers it.',
    (s, o) => ends(s, pages(older(s, o, part.entries))),
    (s, o) => pages(older(s, o, part.entries)).length > 0,
  ),
  reaching.mayEnd(
    'cached-fault',
    'The access faults by what was not present, or not permitted, when it was cached.',
    (s, o) => ends(s, faults(older(s, o, part.entries))),
    (s, o) => faults(older(s, o, part.entries)).length > 0,
    { cite: [NEGATIVE, ANY_TIME] },
  ),
  reaching.mayEnd(
    'stale-context',
    'The device, or the process, is still in the address space that an older entry named.',
    (s, o) => ends(s, older(s, o, part.ways)),
    (s, o) => older(s, o, part.ways).length > 0,
    { cite: [DEVICE, ORDER] },
  ),
  reaching.mayEnd(
    'device-tlb',
    'The device goes by a translation that it was given, and that no invalidation of its own TLB has taken out.',
    (s, o) => ends(s, pages(older(s, o, part.device))),
    (s, o) => pages(older(s, o, part.device)).length > 0,
    { cite: [ATC] },
  ),
  reaching.ends(
    'faults',
    'Nothing is mapped there, or not for this kind of access: the access faults.',
    s => ({ outcome: { is: 'fault' }, state: s }),
    (s, o) => outcomeOf(answersOf(s, o, false).today, o).is === 'fault',
    { cite: [cite('vt-d', '7.1 Translation Faults'), cite('riscv-iommu', 'In-memory queues: Fault-Queue')] },
  ),
  reaching.ends('translated', 'The access reaches what the tables map there.', (s, o) => ({
    outcome: outcomeOf(answersOf(s, o, false).today, o),
    state: s,
  })),
];

const asking = chapter<State, Pick<'translate'>, PolicyValues>('translate', ATC);
export const translate: readonly Rule<'translate'>[] = [
  asking.must(
    'device-without-tlb',
    'EINVAL',
    'A device without a TLB of its own asks for no translation.',
    (s, o) => !s.devices[o.device]!.ats,
  ),
  asking.mayEnd(
    'stale',
    'The answer may come out of the caches of the IOMMU, so it may be as old as that of an access.',
    (s, o) =>
      ends(
        s,
        older(s, o, a => [...a.entries, ...a.ways]),
      ),
    (s, o) => older(s, o, a => [...a.entries, ...a.ways]).length > 0,
  ),
  asking.ends(
    'answered',
    'The device is told where the address leads, or that it has no right to it.',
    (s, o) => ({
      outcome: outcomeOf(answersOf(s, o, true).today, o),
      state: s,
    }),
  ),
];
