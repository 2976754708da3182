// What can nobody decide about a recording that begins after the machine did?
import { chapter } from '../../kit/chapter.js';
import type { Clause } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import type { Policies } from '../policies.js';
import { happened, type State } from '../state.js';

/**
 * Accepts a line of a late recording whose truth depends on groups, devices, domains or mappings that no line
 * has shown. What it accepts is not shown to be right, so the verdict cannot be "conforms".
 */
export const pastUnknown = <O>(
  name: string,
  applies: (s: State, op: O) => boolean = () => true,
  after: (s: State, op: O) => State = s => s,
): Clause<State, O, Policies> =>
  chapter<State, O, Policies>(name, cite('ours', 'ADR-0003: knowledge of a trace is kept exactly')).ends(
    'past-unknown',
    'In a recording that begins late, this depends on what came before it, and stays open.',
    (s, op) => happened(after(s, op)),
    (s, op) => s.machine.partial === true && applies(s, op),
    { open: true },
  );
