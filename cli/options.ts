// What do the values of options mean, and what is wrong with those that mean nothing?
import type { AnyProfile, Policies } from '../spec/index.js';
import { Usage } from './exit.js';

/** `name=value` pairs as a choice of policies of a profile. */
export function parsePolicies(profile: AnyProfile, pairs: readonly string[]): Policies {
  const chosen: { [name: string]: string } = {};
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const [name, value] = equals < 0 ? [pair, undefined] : [pair.slice(0, equals), pair.slice(equals + 1)];
    const policy = profile.policies.find(p => p.name === name);
    if (policy === undefined) {
      throw new Usage(
        `profile ${profile.name} has no policy ${name}; it has ${profile.policies.map(p => p.name).join(', ')}`,
      );
    }
    const values = policy.values.map(v => v.value);
    if (value === undefined || !values.includes(value)) {
      throw new Usage(`policy ${name} is one of ${values.join(', ')}, not ${value ?? 'nothing'}`);
    }
    chosen[name] = value;
  }
  return chosen;
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

/** Collects an option that may be given again. */
export const again = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `name.jsonl`, `name.2.jsonl`, `name.3.jsonl`: one file for each of several. */
export function numbered(file: string, index: number): string {
  if (index === 0) return file;
  const dot = file.lastIndexOf('.');
  return dot <= 0 ? `${file}.${index + 1}` : `${file.slice(0, dot)}.${index + 1}${file.slice(dot)}`;
}
