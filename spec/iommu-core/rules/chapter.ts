// How is a chapter of iommu-core written, and which checks do many of its operations have in common?
import { type Chapter, chapter, type Said } from '../../kit/chapter.js';
import type { Clause } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import type { Errno } from '../../protocol/errno.js';
import type { Outcome } from '../../protocol/outcome.js';
import type { PolicyValues } from '../policies.js';
import { domainLives, type Named } from '../state/domain.js';
import { groupLives, hasItsGroup, homeOf, instanceOf, membersOf } from '../state/group.js';
import type { Op, State } from '../state.js';

export type Rule<O> = Clause<State, O, PolicyValues>;
export type The<K extends Op['op']> = Extract<Op, { op: K }>;
type When<O> = (s: State, o: O, p: PolicyValues) => boolean;
type States<O> = (s: State, o: O, p: PolicyValues) => readonly State[];

/** A refusal with one of these states after it, if there is any: what was begun is not undone altogether. */
type Partly<O> = (
  what: string,
  errno: Errno,
  says: string,
  states: States<O>,
  when?: When<O>,
  said?: Said,
) => Rule<O>;

/** A chapter with partial rollbacks beside plain refusals. */
export interface CoreChapter<O> extends Chapter<State, O, PolicyValues> {
  readonly mustLeave: Partly<O>;
  readonly mayLeave: Partly<O>;
}

/** A chapter of one operation, or of what several have in common. */
export function chapterOf<O>(name: string, ...source: readonly Citation[]): CoreChapter<O> {
  const plain = chapter<State, O, PolicyValues>(name, ...source);
  const partly =
    (kind: 'must' | 'may'): Partly<O> =>
    (what, errno, says, states, when = () => true, said = {}) => ({
      ...plain.may(what, errno, says, when, said),
      kind,
      when: (s, o, p) => when(s, o, p) && states(s, o, p).length > 0,
      then: (s, o, p) => states(s, o, p).map(state => ({ outcome: refusalOf(errno, said), state })),
    });
  return { ...plain, mustLeave: partly('must'), mayLeave: partly('may') };
}

export const operation = <K extends Op['op']>(op: K, ...source: readonly Citation[]): CoreChapter<The<K>> =>
  chapterOf<The<K>>(op, ...source);

/** A refusal, of which the kernel may warn. */
export const refusalOf = (errno: Errno, { warned: warns }: Said = {}): Outcome =>
  warns ? { is: 'refused', errno, warned: true } : { is: 'refused', errno };

export const OK: Outcome = { is: 'ok' };
export const WARNED: Outcome = { is: 'ok', warned: true };

export const done = (state: State) => ({ outcome: OK, state });
export const warned = (state: State) => ({ outcome: WARNED, state });

export const ours = cite('ours', 'ADR-0010: where the kernel would follow a pointer to nothing');

/** For what the law refuses where the kernel would follow a pointer to nothing. */
export const OURS: Said = { cite: [ours] };
export const at = (...cited: readonly Citation[]): Said => ({ cite: cited });

export interface OnDevice {
  readonly device: number;
}
export interface OnGroup {
  readonly group: number;
}

/** The group that an operation on a group or on one of its devices is about. */
export const groupIn = (s: State, o: OnDevice | OnGroup): number => ('group' in o ? o.group : homeOf(s, o));

/** The device must be in a group. */
export const inGroup = <O extends OnDevice>(
  { must }: CoreChapter<O>,
  ...cited: readonly Citation[]
): Rule<O> =>
  must(
    'no-group',
    'ENODEV',
    'The device is in no group.',
    (s, o) => !hasItsGroup(s, o.device),
    cited.length > 0 ? at(...cited) : {},
  );

/** There must be a group object to speak of. */
export const hasGroup = <O extends OnGroup>({ must }: CoreChapter<O>): Rule<O> =>
  must('no-group', 'ENODEV', 'The group does not exist.', (s, o) => !groupLives(s, o.group), OURS);

/** The group must have a member, or the kernel would look at the first of an empty list. */
export const hasMember = <O extends OnGroup>({ must }: CoreChapter<O>): Rule<O> =>
  must(
    'no-device',
    'ENODEV',
    'The group does not exist, or its last device has left: no driver can be called.',
    (s, o) => !groupLives(s, o.group) || membersOf(s, o.group).length === 0,
    OURS,
  );

/** The named domain must be there. */
export const hasDomain = <O extends (OnDevice | OnGroup) & { readonly domain: Named | null }>({
  must,
}: CoreChapter<O>): Rule<O> =>
  must(
    'no-domain',
    'ENOENT',
    'The domain was not allocated, or is a static one that the driver does not have.',
    (s, o) => o.domain !== null && !domainLives(s, instanceOf(s, groupIn(s, o)), o.domain),
    OURS,
  );
