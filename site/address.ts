// What does the address of the page name behind its `#`, and how is such an address spelled?

import { printable } from '../conformance/index.js';

/** Where somebody is. Whatever is not understood is the list of rules. */
export type Address =
  | { readonly at: 'rules' }
  | { readonly at: 'clause'; readonly profile: string; readonly id: string }
  | { readonly at: 'debates'; readonly policy?: string }
  | { readonly at: 'counterexample'; readonly n: number }
  | { readonly at: 'findings' }
  | { readonly at: 'trace'; readonly name: string }
  | { readonly at: 'play'; readonly packed?: string }
  | { readonly at: 'play-trace'; readonly name: string }
  | { readonly at: 'play-counterexample'; readonly n: number }
  | { readonly at: 'judge' };

/** `#vfio-type1/unmap/bisects-first`, `#debates/merge-incoming`, `#play=...`. */
export function addressOf(hash: string, profiles: readonly string[]): Address {
  const text = unescaped(hash.replace(/^#/, ''));
  if (text.startsWith('play=')) return { at: 'play', packed: text.slice('play='.length) };
  const slash = text.indexOf('/');
  const [first, rest] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
  if (profiles.includes(first) && rest !== '') return { at: 'clause', profile: first, id: rest };
  switch (first) {
    case 'debates':
      return rest === '' ? { at: 'debates' } : { at: 'debates', policy: rest };
    case 'counterexample':
      return { at: 'counterexample', n: Number(rest) };
    case 'trace':
      return { at: 'trace', name: rest };
    case 'play-trace':
      return { at: 'play-trace', name: rest };
    case 'play-counterexample':
      return { at: 'play-counterexample', n: Number(rest) };
    case 'findings':
    case 'play':
    case 'judge':
      return { at: first };
    default:
      return { at: 'rules' };
  }
}

/** The address of a clause, as it stands in a link. */
export const ofClause = (profile: string, id: string): string => `#${profile}/${id}`;

export const ofTrace = (name: string): string => `#trace/${name}`;

/** Whoever made the link may have put anything there: what would turn or hide the text around it is spelled out. */
function unescaped(text: string): string {
  try {
    return printable(decodeURIComponent(text));
  } catch {
    return '';
  }
}
