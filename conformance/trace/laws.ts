// Which profiles does this court know, and in which words does each of them speak?

import type { AnyProfile } from '../../spec/law/profile.js';
import type { Vocabulary } from '../../spec/protocol/profiles.js';
import { Malformed } from './malformed.js';

/**
 * The law's table of profiles beside the protocol's. Everything below the outermost entries takes it as a
 * parameter, so that a court over other laws (a test's, a vendor's) needs no change here.
 */
export interface Laws {
  readonly profiles: { readonly [name: string]: AnyProfile };
  readonly vocabularies: { readonly [name: string]: Vocabulary };
}

/** One profile with its words. */
export interface Law {
  readonly profile: AnyProfile;
  readonly vocabulary: Vocabulary;
}

/** The law that a recording names. Asks for own keys only: no recording is of the profile `toString`. */
export function lawNamed(laws: Laws, name: string): Law {
  const profile = Object.hasOwn(laws.profiles, name) ? laws.profiles[name] : undefined;
  const vocabulary = Object.hasOwn(laws.vocabularies, name) ? laws.vocabularies[name] : undefined;
  if (profile !== undefined && vocabulary !== undefined) return { profile, vocabulary };
  const known = Object.keys(laws.profiles)
    .filter(key => Object.hasOwn(laws.vocabularies, key))
    .join(', ');
  const reason = `unknown profile ${JSON.stringify(name)}; known: ${known}`;
  throw new Malformed('unknown-profile', { line: 1, path: 'profile' }, reason);
}
