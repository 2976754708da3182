// What do the values of options mean, and what is wrong with those that mean nothing?
import { type AnyProfile, type Policies, RELEASE } from '../spec/index.js';
import { Usage } from './exit.js';
import { didYouMean } from './meant.js';

/** What the command line chooses of a profile's law. */
export interface Choices {
  readonly policy: readonly string[];
  readonly release?: string;
  /** Of a log of strace: the IOMMU's events of the same session. */
  readonly events?: string;
  /** Of a kernel's trace: the log of the same boot. */
  readonly log?: string;
}

/** `name=value` pairs and a release as a choice of policies of a profile. */
export function parsePolicies(profile: AnyProfile, { policy: pairs, release }: Choices): Policies {
  const chosen: { [name: string]: string } = {};
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const [name, value] = equals < 0 ? [pair, undefined] : [pair.slice(0, equals), pair.slice(equals + 1)];
    const policy = profile.policies.find(p => p.name === name);
    if (policy === undefined) throw new Usage(noPolicy(profile, name));
    const values = policy.values.map(v => v.value);
    if (value === undefined || !values.includes(value)) {
      const near = value === undefined ? '' : didYouMean(value, values);
      throw new Usage(`policy ${name} is one of ${values.join(', ')}, not ${value ?? 'nothing'}${near}`);
    }
    chosen[name] = value;
  }
  return release === undefined ? chosen : { ...chosen, [RELEASE]: releaseNamed(profile, release) };
}

function noPolicy(profile: AnyProfile, name: string): string {
  const names = profile.policies.map(p => p.name);
  const near = didYouMean(name, names);
  return `profile ${profile.name} has no policy ${name}${near || ';'} it has ${names.join(', ') || 'none'}`;
}

/** A release of the profile, or what there is instead. */
export function releaseNamed(profile: AnyProfile, name: string): string {
  const names = (profile.releases ?? []).map(r => r.name);
  if (names.includes(name)) return name;
  if (names.length === 0)
    throw new Usage(`profile ${profile.name} is one fixed text, so it has no release ${name}`);
  throw new Usage(
    `profile ${profile.name} does not speak for release ${name}${didYouMean(name, names) || ';'} it speaks for ${names.join(', ')}`,
  );
}

/** A whole number within bounds, or a sentence about it. */
export function wholeNumber(name: string, low: number, high: number): (text: string) => number {
  return text => {
    const n = Number(text);
    if (!/^-?\d+$/.test(text) || n < low || n > high) {
      throw new Usage(`${name} is a whole number from ${low} to ${high}, not ${text}`);
    }
    return n;
  };
}

const SIZE: { readonly [unit: string]: number } = { '': 1, M: 1, G: 1024, T: 1024 ** 2 };

/** An amount of memory in MiB: a whole number of them, or `256M`, `2G`. */
export function memorySize(name: string): (text: string) => number {
  return text => {
    const [, digits, unit] = /^(\d{1,10})(?:([MGT])(?:i?B)?)?$/i.exec(text) ?? [];
    const mebi = Number(digits) * (SIZE[(unit ?? '').toUpperCase()] ?? Number.NaN);
    if (!(mebi >= 1 && mebi <= 2 ** 31))
      throw new Usage(`${name} is an amount of memory like 256M or 2G (a number alone: MiB), not ${text}`);
    return mebi;
  };
}

/** Collects an option that may be given again. */
export const again = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** `name.jsonl`, `name.2.jsonl`, `name.3.jsonl`: one file for each of several. */
export function numbered(file: string, index: number): string {
  if (index === 0) return file;
  const dot = file.lastIndexOf('.');
  return dot <= 0 ? `${file}.${index + 1}` : `${file.slice(0, dot)}.${index + 1}${file.slice(dot)}`;
}
