// How do a few lines of WebAssembly text become a module, so that its source is here to be read and no binary is kept?

/** A function: its name, how many i32 parameters it takes (each an i32), its locals, and its instructions, one a line. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  /** Does it answer an i32? */
  readonly answers: boolean;
  /** Locals behind the parameters, all i32 first and i64 after them. */
  readonly locals: { readonly i32: number; readonly i64: number };
  readonly code: string;
}

const I32 = 0x7f;
const I64 = 0x7e;
const NOTHING = 0x40;

/** Opcodes of the instructions that we use: WebAssembly core specification, 5.4. */
const PLAIN: { readonly [name: string]: number } = {
  end: 0x0b,
  return: 0x0f,
  'i64.eqz': 0x50,
  'i64.or': 0x84,
  'i64.shl': 0x86,
  'i64.add': 0x7c,
  'i64.extend_i32_u': 0xad,
  'i32.eqz': 0x45,
  'i32.eq': 0x46,
  'i32.lt_u': 0x49,
  'i32.ge_u': 0x4f,
  'i32.or': 0x72,
  'i32.add': 0x6a,
  'i32.sub': 0x6b,
  'i32.shl': 0x74,
  'i32.shr_u': 0x76,
};
const BLOCKS: { readonly [name: string]: number } = { block: 0x02, loop: 0x03, if: 0x04 };
const WITH_INDEX: { readonly [name: string]: number } = {
  br: 0x0c,
  br_if: 0x0d,
  'local.get': 0x20,
  'local.set': 0x21,
  'local.tee': 0x22,
};
/** Loads and stores take an offset; all our addresses are multiples of 8. */
const MEMORY: { readonly [name: string]: number } = { 'i64.load': 0x29, 'i64.store': 0x37 };
const SIGNED: { readonly [name: string]: number } = { 'i32.const': 0x41, 'i64.const': 0x42 };

function unsigned(value: number): number[] {
  const low = value & 0x7f;
  return value < 0x80 ? [low] : [low | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const low = value & 0x7f;
  const ends = value >= -64 && value < 64;
  return ends ? [low] : [low | 0x80, ...signed(value >> 7)];
}

function instruction(line: string): number[] {
  const [name, argument = '0'] = line.split(' ');
  const value = Number(argument);
  if (Object.hasOwn(PLAIN, name)) return [PLAIN[name]];
  if (Object.hasOwn(BLOCKS, name)) return [BLOCKS[name], NOTHING];
  if (Object.hasOwn(WITH_INDEX, name)) return [WITH_INDEX[name], ...unsigned(value)];
  if (Object.hasOwn(MEMORY, name)) return [MEMORY[name], 3, ...unsigned(value)];
  if (Object.hasOwn(SIGNED, name)) return [SIGNED[name], ...signed(value)];
  if (name === 'memory.fill') return [0xfc, 0x0b, 0];
  throw new SyntaxError(`no instruction: ${line}`);
}

const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];
const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...unsigned(content.length),
  ...content,
];
const text = (name: string): number[] => vector([...name].map(letter => [letter.charCodeAt(0)]));

function bodyOf({ locals, code }: WasmFunction): number[] {
  const lines = code
    .split('\n')
    .map(line => line.replace(/;;.*/, '').trim())
    .filter(line => line !== '');
  const declared = vector([
    [...unsigned(locals.i32), I32],
    [...unsigned(locals.i64), I64],
  ]);
  const body = [...declared, ...lines.flatMap(instruction), PLAIN.end];
  return [...unsigned(body.length), ...body];
}

/** The bytes of a module with these functions over an imported memory, `env.memory`, of up to `most` pages of 64 KiB. */
export function assemble(functions: readonly WasmFunction[], most: number): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, answers }) => [
    0x60,
    ...vector(Array.from({ length: parameters }, () => [I32])),
    ...vector(answers ? [[I32]] : []),
  ]);
  const memory = [...text('env'), ...text('memory'), 0x02, 0x01, ...unsigned(1), ...unsigned(most)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(2, vector([memory])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]))),
    ...section(10, vector(functions.map(bodyOf))),
  ]);
}
