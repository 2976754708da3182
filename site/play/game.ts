// Which calls were made so far, on which ways, and in which state is the law behind them?
import {
  describeOutcome,
  encodeTrace,
  plain,
  type Story,
  type Trace,
  tellEvents,
} from '../../conformance/index.js';
import { sameOutcome, shows } from '../../conformance/judge/observed.js';
import {
  type Allowed,
  type AnyOp,
  type AnyProfile,
  allowed,
  canonical,
  lackOf,
  type Policies,
  RELEASE,
} from '../../spec/index.js';
import type { Event } from '../../spec/protocol/index.js';

/** A law and a machine: where a game begins. */
export interface Setting {
  readonly profile: AnyProfile;
  readonly machine: unknown;
  /** One value for each policy, and the release. */
  readonly policies: Policies;
}

/** A call that was made, with the answer that was taken. */
export interface Made {
  /** The call before it; undefined: it is the first. */
  readonly before: Made | undefined;
  readonly n: number;
  readonly op: AnyOp;
  readonly ending: Allowed<object>;
  /** Other states of the law go with the same answer: a recording must show which one was meant. */
  readonly open: boolean;
}

/** A tree of calls. `line` is the last call of the way that is looked at, `at` the one that was made last. */
export interface Game {
  readonly setting: Setting;
  readonly made: readonly Made[];
  readonly line: Made | undefined;
  readonly at: Made | undefined;
}

export const begun = (setting: Setting): Game => ({ setting, made: [], line: undefined, at: undefined });

export function stateAt({ profile, machine, policies }: Setting, at: Made | undefined): object {
  return at === undefined ? (profile.initial(machine, policies, false) as object) : at.ending.state;
}

/** What the law allows for a call behind the last one; undefined where the release does not have the operation. */
export function endingsOf({ setting, at }: Game, op: AnyOp): readonly Allowed<object>[] | undefined {
  const { profile, policies } = setting;
  if (lackOf(profile, policies, op.op) !== undefined) return undefined;
  return allowed(profile, stateAt(setting, at), op, policies) as readonly Allowed<object>[];
}

/** Goes on by one of the answers. A call that was made from here before, and was answered so, is not made twice. */
export function take(game: Game, op: AnyOp, ending: Allowed<object>): Game {
  const { made, at } = game;
  const endings = endingsOf(game, op) ?? [];
  const key = spelled(op, ending);
  const known = made.find(m => m.before === at && spelled(m.op, m.ending) === key);
  if (known !== undefined) return { ...game, at: known, line: leads(game.line, known) ? game.line : known };
  const open = endings.filter(e => sameOutcome(e.outcome, ending.outcome)).length > 1;
  const next: Made = { before: at, n: (at?.n ?? 0) + 1, op, ending, open };
  return { ...game, made: [...made, next], at: next, line: next };
}

const spelled = (op: AnyOp, { rule, outcome, state }: Allowed<object>): string =>
  `${canonical(op)} ${rule} ${describeOutcome(outcome)} ${canonical(state)}`;

/** The calls up to one, in their order. */
export function wayTo(last: Made | undefined): readonly Made[] {
  const way: Made[] = [];
  for (let m = last; m !== undefined; m = m.before) way.push(m);
  return way.reverse();
}

const leads = (line: Made | undefined, through: Made): boolean => wayTo(line).includes(through);

/** Goes back or on along the way that is looked at: to its call number `n`, 0 is the start. */
export function goTo(game: Game, n: number): Game {
  return { ...game, at: n <= 0 ? undefined : wayTo(game.line)[n - 1] };
}

/** The last calls of all ways; where nothing follows. */
export const leavesOf = ({ made }: Game): readonly Made[] =>
  made.filter(m => !made.some(other => other.before === m));

export const lookAt = (game: Game, leaf: Made): Game => ({ ...game, line: leaf, at: leaf });

/** The calls as events. `whole`: with everything that an observer sees, and not only where the answer leaves it open. */
export function eventsOf({ profile }: Setting, way: readonly Made[], whole = false): readonly Event<AnyOp>[] {
  return way.map(({ n, op, ending, open }) => ({
    n,
    op,
    outcome: ending.outcome,
    ...(open || whole
      ? { state: plain(profile.view(ending.state)) as { readonly [field: string]: unknown } }
      : {}),
  }));
}

/** The way that is looked at, as a recording. */
export function recorded({ setting, line }: Game): string {
  const { profile, machine } = setting;
  const { [RELEASE]: release, ...policies } = setting.policies;
  const header = {
    profile: profile.name,
    producer: 'iommu-spec playground',
    machine,
    ...(Object.keys(policies).length === 0 ? {} : { policies }),
    ...(release === undefined ? {} : { release }),
  };
  return encodeTrace(header, eventsOf(setting, wayTo(line)));
}

/** The way that is looked at, for the player. */
export function storyOf({ setting, line }: Game): Story {
  const { profile, machine, policies } = setting;
  const begun = { header: { producer: 'playground' }, profile, machine, policies };
  return tellEvents(begun, eventsOf(setting, wayTo(line), true), { whole: true });
}

/** A recording as a game, and the event at which it leaves the law, if it does. */
export interface Opened {
  readonly game: Game;
  readonly leaves?: { readonly n: number; readonly op: AnyOp };
}

/** So many states that go with the answers so far are carried. */
const CARRIED = 64;
/** A longer recording is for the judge. */
export const MOST_CALLS = 500;

/** Plays a recording. Of several states that go with it, one that goes with all of it is taken. */
export async function opened(trace: Trace): Promise<Opened> {
  const { profile, machine, policies } = trace;
  const setting: Setting = { profile, machine, policies };
  let ways: readonly (Made | undefined)[] = [undefined];
  for await (const event of trace.events()) {
    if (event.n > MOST_CALLS) {
      await trace.close();
      throw new Error(`only the first ${MOST_CALLS} calls of a recording can be played: judge it instead`);
    }
    if (event.outcome.is === 'not-implemented') continue;
    const next = ways.flatMap(at => goingWith(setting, at, event)).slice(0, CARRIED);
    if (next.length === 0) {
      await trace.close();
      return { game: played(setting, ways[0]), leaves: { n: event.n, op: event.op } };
    }
    ways = next;
  }
  return { game: played(setting, ways[0]) };
}

const played = (setting: Setting, last: Made | undefined): Game => ({
  setting,
  made: wayTo(last),
  line: last,
  at: last,
});

function goingWith(setting: Setting, before: Made | undefined, event: Event<AnyOp>): readonly Made[] {
  const { profile, policies } = setting;
  const endings = allowed(
    profile,
    stateAt(setting, before),
    event.op,
    policies,
  ) as readonly Allowed<object>[];
  const same = endings.filter(e => sameOutcome(e.outcome, event.outcome));
  return same
    .filter(e => event.state === undefined || shows(profile.view(e.state), event.state))
    .map(ending => ({ before, n: (before?.n ?? 0) + 1, op: event.op, ending, open: same.length > 1 }));
}
