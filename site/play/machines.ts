// Which machines may a game begin with, and under which law?
import { CALLS } from '../../spec/calls/index.js';
import { type AnyProfile, defaultPolicies, type Policies, PROFILES } from '../../spec/index.js';
import { VOCABULARIES } from '../../spec/protocol/index.js';
import { readMachine } from './blank.js';
import type { Setting } from './game.js';

/** A machine that one may begin with. */
export interface NamedMachine {
  readonly name: string;
  /** As it is written down. */
  readonly machine: unknown;
  /** What differs from the defaults. */
  readonly policies: Policies;
}

export const machinesOf = (profile: string): readonly NamedMachine[] =>
  Object.entries(CALLS[profile]?.machines ?? {}).map(([name, machine]) => ({
    name,
    machine: VOCABULARIES[profile]!.machine.encode(machine),
    policies: {},
  }));

/** `linux-dma` speaks of what a kernel reports by itself: nobody calls anything there. */
export const PLAYABLE: readonly string[] = Object.keys(PROFILES).filter(name => name !== 'linux-dma');

export function settingOf(name: string, { machine, policies }: NamedMachine): Setting {
  const profile: AnyProfile = PROFILES[name]!;
  const read = readMachine(name, JSON.stringify(machine));
  if ('wrong' in read) throw new Error(read.wrong.join('; '));
  return { profile, machine: read.machine, policies: { ...defaultPolicies<Policies>(profile), ...policies } };
}
