// How much room does a text take in the fixed width font of a picture?

/** A character in 12 px, rounded up. */
export const CHAR = 7.25;
export const LINE = 17;

export const charsIn = (width: number): number => Math.max(4, Math.floor(width / CHAR));

/** A text within so many characters. */
export const cut = (text: string, chars: number): string =>
  text.length <= chars ? text : `${text.slice(0, Math.max(1, chars - 1))}…`;
