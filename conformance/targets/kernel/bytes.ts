// How do numbers lie in the structures of a little-endian kernel, and how do bytes travel in a line of text?

/** Fields of a structure, in order: 32-bit words as numbers, 64-bit words as bigints, bytes as they are. */
export type Field = number | bigint | Uint8Array;

/** A structure without gaps. A negative number is written as its two's complement. */
export function packed(...fields: readonly Field[]): Uint8Array {
  const sizes = fields.map(f => (typeof f === 'number' ? 4 : typeof f === 'bigint' ? 8 : f.length));
  const bytes = new Uint8Array(sizes.reduce((a, b) => a + b, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  fields.forEach((field, i) => {
    if (typeof field === 'number') view.setInt32(at, field | 0, true);
    else if (typeof field === 'bigint') view.setBigUint64(at, BigInt.asUintN(64, field), true);
    else bytes.set(field, at);
    at += sizes[i]!;
  });
  return bytes;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The 32-bit word at a byte offset. */
export const word = (bytes: Uint8Array, at: number): number => viewOf(bytes).getUint32(at, true);

/** The 64-bit word at a byte offset. */
export const long = (bytes: Uint8Array, at: number): bigint => viewOf(bytes).getBigUint64(at, true);

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('');

/** Throws where the text is no even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new Error(`not bytes in hexadecimal: ${text.slice(0, 40)}`);
  return Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16));
}

/** A name as C has it: ASCII, closed by a zero byte. */
export const cString = (text: string): Uint8Array =>
  Uint8Array.from([...text, '\0'], c => c.charCodeAt(0) & 0x7f);

export const asText = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
