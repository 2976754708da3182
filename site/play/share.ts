// How does a recording become an address, and an address a recording?

/** A longer address is not opened; a browser may not even have passed it on. */
const MOST_PACKED = 200_000;
/** What an address may unpack to: the reader of recordings has limits of its own behind that. */
const MOST_BYTES = 4_000_000;

/** As raw deflate in the letters of a URL. */
export async function packed(text: string): Promise<string> {
  const bytes = await all(streamOf(new TextEncoder().encode(text), new CompressionStream('deflate-raw')));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Throws where it is no packed text, or too long. */
export async function unpacked(address: string): Promise<string> {
  if (address.length > MOST_PACKED) throw new Error('this address is too long');
  try {
    const binary = atob(address.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, c => c.charCodeAt(0));
    return new TextDecoder().decode(await all(streamOf(bytes, new DecompressionStream('deflate-raw'))));
  } catch (error) {
    throw new Error('this address is not whole: what it holds cannot be unpacked', { cause: error });
  }
}

const streamOf = (bytes: Uint8Array<ArrayBuffer>, through: CompressionStream | DecompressionStream) =>
  new Blob([bytes]).stream().pipeThrough(through as ReadableWritablePair<Uint8Array, Uint8Array>);

async function all(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = stream.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > MOST_BYTES) {
      await reader.cancel();
      throw new Error('too long');
    }
    pieces.push(next.value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
