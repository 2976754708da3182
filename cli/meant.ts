// Which known name may somebody have meant who typed an unknown one?
import closest from 'didyoumean2';
import { Usage } from './exit.js';

/** `; did you mean merge?`, or nothing where no name is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const found = closest(word, [...known], { threshold: 0.5 });
  return found === null ? '' : `; did you mean ${found}?`;
}

/** So many names are listed; of more only the near one is told. */
const LISTED = 24;

/** The error for a name that nobody knows: what is near, and what there is, or where it is listed. */
export function unknown(what: string, word: string, known: readonly string[], listedBy?: string): Usage {
  const near = didYouMean(word, known);
  const list = known.length <= LISTED ? `known: ${known.join(', ') || 'none'}` : '';
  const where = listedBy === undefined ? list : `"${listedBy}" lists them`;
  const after = where === '' ? '' : near === '' ? `; ${where}` : ` ${where}`;
  return new Usage(`unknown ${what} ${word}${near}${after}`);
}
