// What does the first line of a recording promise, and can this release judge it?
import type { Policies } from '../../spec/law/clause.js';
import { type AnyProfile, defaultPolicies } from '../../spec/law/profile.js';
import { RELEASE } from '../../spec/law/release.js';
import { brief } from '../../spec/protocol/codec.js';
import { FORMAT, Header, VERSION } from '../../spec/protocol/trace.js';
import { type JsonLimits, parseJson } from './json.js';
import { type Law, type Laws, lawNamed } from './laws.js';
import type { Line } from './lines.js';
import { Malformed } from './malformed.js';
import { isObject, refuse, shaped } from './shape.js';

/** A header that was understood: the words decoded, and what they name looked up. */
export interface Opening {
  readonly header: Header;
  readonly law: Law;
  /** The machine under judgement, decoded by the profile's own codec. */
  readonly machine: unknown;
  /** One value for every policy of the profile, and its release: the header's, else the default. */
  readonly policies: Policies;
}

export function readHeader(line: Line, laws: Laws, limits: JsonLimits): Opening {
  const value = parseJson(line, limits);
  refuseOtherFormats(value);
  const header = shaped(Header, value, 1);
  const law = lawNamed(laws, header.profile);
  const machine = shaped(law.vocabulary.machine, header.machine, 1, 'machine');
  refuse(law.vocabulary.machineFits?.(machine), 'machine', 1);
  const policies = {
    ...chosenPolicies(law.profile, header.policies ?? {}),
    ...chosenRelease(law.profile, header.release),
  };
  if (header.refused !== undefined && header.refused.event > header.events) {
    const reason = `event ${header.refused.event} is to be refused, but there are only ${header.events}`;
    throw new Malformed('count', { line: 1, path: 'refused.event' }, reason);
  }
  return { header, law, machine, policies };
}

/**
 * Format and version come before everything else: a file of another kind, or of a later version with keys
 * that we do not know, deserves that answer and not a list of unknown keys.
 */
function refuseOtherFormats(value: unknown): void {
  const fields = isObject(value) ? value : {};
  if (fields['format'] !== FORMAT) {
    const reason = `not a recording: its first line must have "format":"${FORMAT}", got ${brief(fields['format'])}`;
    throw new Malformed('wrong-format', { line: 1, path: 'format' }, reason);
  }
  if (fields['version'] !== VERSION) {
    const reason = `this release reads version ${VERSION} of the format, got ${brief(fields['version'])}`;
    throw new Malformed('wrong-version', { line: 1, path: 'version' }, reason);
  }
}

function chosenRelease(profile: AnyProfile, chosen: string | undefined): Policies {
  if (chosen === undefined) return {};
  const known = profile.releases?.map(r => r.name) ?? [];
  if (known.includes(chosen)) return { [RELEASE]: chosen };
  const names = known.join(', ') || `none, profile ${profile.name} is one fixed text`;
  const reason = `unknown release ${brief(chosen)}; known: ${names}`;
  throw new Malformed('unknown-release', { line: 1, path: 'release' }, reason);
}

function chosenPolicies(profile: AnyProfile, chosen: { readonly [name: string]: string }): Policies {
  for (const [name, value] of Object.entries(chosen)) {
    const place = { line: 1, path: `policies.${name}` };
    const policy = profile.policies.find(p => p.name === name);
    if (policy === undefined) {
      const known = profile.policies.map(p => p.name).join(', ') || 'none';
      throw new Malformed('unknown-policy', place, `unknown policy ${brief(name)}; known: ${known}`);
    }
    if (!policy.values.some(v => v.value === value)) {
      const known = policy.values.map(v => v.value).join(', ');
      throw new Malformed('unknown-policy', place, `unknown value ${brief(value)}; known: ${known}`);
    }
  }
  return { ...defaultPolicies<Policies>(profile), ...chosen };
}
