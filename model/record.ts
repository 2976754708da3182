// How does a path or a failed walk become a recording that anybody can replay?
import type { Policies } from '../spec/law/clause.js';
import { type AnyOp, allowed, defaultPolicies, type Profile } from '../spec/law/profile.js';
import { RELEASE } from '../spec/law/release.js';
import type { Event, Header } from '../spec/protocol/trace.js';
import type { AnyWorld } from './explore/world.js';

/** A recording in memory: what a writer of traces needs. */
export interface Recording {
  readonly header: Omit<Header, 'format' | 'version' | 'events'>;
  readonly events: readonly Event<AnyOp>[];
}

/** The machine that a bounded world describes, without its bounds. */
export function machineOf(setup: object): object {
  const { handles: _, pages: __, bounds: ___, ...machine } = setup as { readonly [bound: string]: unknown };
  return machine;
}

/** A path through the law, with the answers that the law gave and what an observer would see. */
export function recordPath(
  world: AnyWorld,
  policies: Policies,
  steps: readonly { readonly op: AnyOp; readonly rule: string }[],
  about: { readonly producer: string; readonly narration: readonly string[]; readonly seed?: number },
): Recording {
  const profile: Profile<unknown, AnyOp, Policies, unknown> = world.profile;
  const chosen = { ...defaultPolicies(profile), ...world.policies, ...policies };
  let state = profile.initial(world.setup, chosen, true);
  const events = steps.map((step, i): Event<AnyOp> => {
    const ending = allowed(profile, state, step.op, chosen).find(e => e.rule === step.rule);
    if (ending === undefined) throw new Error(`step ${i + 1} does not end by ${step.rule}`);
    state = ending.state;
    return { n: i + 1, op: step.op, outcome: ending.outcome, state: profile.view(state), note: step.rule };
  });
  return { header: headerOf(world, chosen, about), events };
}

/** Policies and release, each in its own place of a header. */
function chosenIn({ [RELEASE]: release, ...policies }: Policies): Pick<Header, 'policies' | 'release'> {
  return { policies, ...(release === undefined ? {} : { release }) };
}

/** The head of any recording made in a world. */
export function headerOf(
  world: AnyWorld,
  policies: Policies,
  about: { readonly producer: string; readonly narration: readonly string[]; readonly seed?: number },
): Recording['header'] {
  return {
    profile: world.profile.name,
    producer: about.producer,
    machine: machineOf(world.setup),
    ...chosenIn(policies),
    narration: [...about.narration],
    ...(about.seed === undefined ? {} : { seed: about.seed }),
  };
}
