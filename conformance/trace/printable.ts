// Which characters would a terminal obey, or hide, instead of printing them?

/** Controls, what turns the direction of writing, what has no width, and what means nothing outside of one program. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/**
 * The text with all of those spelled out, as JSON spells them: a recording must not play terminal. A document of
 * JSON on one line stays the same value.
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, spelled);
}

/** As UTF-16 units: \u009b, \udb40\udc01. */
function spelled(character: string): string {
  let text = '';
  for (let i = 0; i < character.length; i++)
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
}
