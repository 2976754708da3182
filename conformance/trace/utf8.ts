// Which text do these bytes spell, and if none, at which byte does it go wrong?

/** How many characters one `fromCharCode` call takes; more of them risk the engine's limit on arguments. */
const PIECE = 4096;

/** What every engine that runs this has, and no library of types says. */
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly fatal: true; readonly ignoreBOM: true },
) => { decode(bytes: Uint8Array): string };
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of bytes that are all ASCII and neither NUL nor a carriage return; undefined: something else is
 * among them. Many times the speed of `decodeUtf8`, which says what and where.
 */
export function decodePlain(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return undefined;
  }
  if (text.length !== bytes.length || text.includes('\0') || text.includes('\r')) return undefined;
  return text;
}

/**
 * The text of `bytes[start..end)`, or the index of the first byte that is not UTF-8 as the Unicode standard
 * has it (no overlong forms, no surrogates, nothing past U+10FFFF). Written out because the court promises
 * the exact column, which a decoder that only throws cannot give.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | number {
  if (isAscii(bytes, start, end)) return fromUnits(bytes, start, end);
  const units = new Uint16Array(end - start);
  let length = 0;
  for (let i = start; i < end; ) {
    const lead = bytes[i]!;
    if (lead < 0x80) {
      units[length++] = lead;
      i++;
      continue;
    }
    const code = codePoint(bytes, i, end);
    if (code < 0) return i;
    if (code >= 0x10000) {
      units[length++] = 0xd800 + ((code - 0x10000) >> 10);
      units[length++] = 0xdc00 + (code & 0x3ff);
    } else units[length++] = code;
    i += code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return fromUnits(units, 0, length);
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}

function fromUnits(units: Uint8Array | Uint16Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += PIECE) {
    const piece = units.subarray(at, Math.min(at + PIECE, end));
    text += String.fromCharCode.apply(null, piece as unknown as number[]);
  }
  return text;
}

/** The code point of two to four bytes at `i`, or -1. */
function codePoint(bytes: Uint8Array, i: number, end: number): number {
  const lead = bytes[i]!;
  const more =
    lead >= 0xc2 && lead <= 0xdf
      ? 1
      : lead >= 0xe0 && lead <= 0xef
        ? 2
        : lead >= 0xf0 && lead <= 0xf4
          ? 3
          : 0;
  if (more === 0 || i + more >= end) return -1;
  let code = lead & (0x3f >> more);
  for (let k = 1; k <= more; k++) {
    const next = bytes[i + k]!;
    if ((next & 0xc0) !== 0x80) return -1;
    code = (code << 6) | (next & 0x3f);
  }
  if (more === 2 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) return -1;
  if (more === 3 && (code < 0x10000 || code > 0x10ffff)) return -1;
  return code;
}

/**
 * The bytes of a text. A surrogate without its partner gets the three bytes that UTF-8 forbids, so that
 * whoever decodes them finds the spot; nothing is replaced in silence.
 */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    if (code < 0x80) bytes[length++] = code;
    else if (code < 0x800) {
      bytes[length++] = 0xc0 | (code >> 6);
      bytes[length++] = 0x80 | (code & 0x3f);
    } else if (code < 0x10000) {
      bytes[length++] = 0xe0 | (code >> 12);
      bytes[length++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[length++] = 0x80 | (code & 0x3f);
    } else {
      i++;
      bytes[length++] = 0xf0 | (code >> 18);
      bytes[length++] = 0x80 | ((code >> 12) & 0x3f);
      bytes[length++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[length++] = 0x80 | (code & 0x3f);
    }
  }
  return bytes.subarray(0, length);
}
