// How are runs of entries filled and cleared faster than one entry at a time in JavaScript?

import { assemble, type WasmFunction } from './assembler.js';

/** `at` is always a byte offset into the arena, a multiple of 8; a count is a number of entries. */
export interface Kernels {
  /**
   * Writes `leaves` words, each of them `repeat` times, one behind the other: the first is `high:low`, and each of the
   * next is greater by `stepHigh:stepLow`.
   */
  fill(
    at: number,
    leaves: number,
    repeat: number,
    low: number,
    high: number,
    stepLow: number,
    stepHigh: number,
  ): void;
  /** The same with `repeat` 1 and a small step, if all of the entries are zero: 1. Otherwise 0, and nothing is written. */
  fillEmpty(at: number, count: number, low: number, high: number, step: number): number;
  /** 1 if all of the entries are zero. */
  empty(at: number, count: number): number;
  /** Clears entries up to the first that is zero already, and answers how many. */
  clear(at: number, count: number): number;
  /** Makes `bytes` bytes zero. */
  zero(at: number, bytes: number): void;
}

/** Local 0 `at`, 1 the count; i32 `end`, then i64 `sum`, at the numbers given. Leaves 0 or not 0 in `sum`. */
const lookAtAll = (end: number, sum: number, at: number): string => `
  local.get 0
  local.set ${at}
  local.get 0
  local.get 1
  i32.const 3
  i32.shl
  i32.add
  local.set ${end}
  block
    loop ;; eight entries, while there are as many
      local.get ${end}
      local.get ${at}
      i32.sub
      i32.const 64
      i32.lt_u
      br_if 1
      local.get ${sum}
      ${[0, 8, 16, 24, 32, 40, 48, 56].map(offset => `local.get ${at}\ni64.load ${offset}\ni64.or`).join('\n')}
      local.set ${sum}
      local.get ${at}
      i32.const 64
      i32.add
      local.set ${at}
      br 0
    end
  end
  block
    loop ;; the others one by one
      local.get ${at}
      local.get ${end}
      i32.ge_u
      br_if 1
      local.get ${sum}
      local.get ${at}
      i64.load
      i64.or
      local.set ${sum}
      local.get ${at}
      i32.const 8
      i32.add
      local.set ${at}
      br 0
    end
  end`;

const word = (low: number, high: number): string => `
  local.get ${high}
  i64.extend_i32_u
  i64.const 32
  i64.shl
  local.get ${low}
  i64.extend_i32_u
  i64.or`;

/** Stores `value` and adds `step` to it, `entries` times from `at` on, and moves `at` behind them. */
const storeSteps = (entries: number, at: number, value: number, step: number): string => `
  ${Array.from(
    { length: entries },
    (_, i) => `local.get ${at}\nlocal.get ${value}\ni64.store ${8 * i}
      local.get ${value}\nlocal.get ${step}\ni64.add\nlocal.set ${value}`,
  ).join('\n')}
  local.get ${at}
  i32.const ${8 * entries}
  i32.add
  local.set ${at}`;

/** From `at` to `end`. */
const fillSteps = (at: number, end: number, value: number, step: number): string => `
  block
    loop
      local.get ${end}
      local.get ${at}
      i32.sub
      i32.const 64
      i32.lt_u
      br_if 1
      ${storeSteps(8, at, value, step)}
      br 0
    end
  end
  block
    loop
      local.get ${at}
      local.get ${end}
      i32.ge_u
      br_if 1
      ${storeSteps(1, at, value, step)}
      br 0
    end
  end`;

// Parameters: at 0, leaves 1, repeat 2, low 3, high 4, stepLow 5, stepHigh 6. Locals: end 7, end of a leaf 8; value 9,
// step 10.
const FILL: WasmFunction = {
  name: 'fill',
  parameters: 7,
  answers: false,
  locals: { i32: 2, i64: 2 },
  code: `${word(3, 4)}
  local.set 9
  ${word(5, 6)}
  local.set 10
  local.get 2
  i32.const 1
  i32.eq
  if
    local.get 0
    local.get 1
    i32.const 3
    i32.shl
    i32.add
    local.set 7
    ${fillSteps(0, 7, 9, 10)}
    return
  end
  block
    loop ;; one leaf
      local.get 1
      i32.eqz
      br_if 1
      local.get 0
      local.get 2
      i32.const 3
      i32.shl
      i32.add
      local.set 8
      loop ;; one entry of it; there are at least two
        local.get 0
        local.get 9
        i64.store
        local.get 0
        i32.const 8
        i32.add
        local.tee 0
        local.get 8
        i32.lt_u
        br_if 0
      end
      local.get 9
      local.get 10
      i64.add
      local.set 9
      local.get 1
      i32.const 1
      i32.sub
      local.set 1
      br 0
    end
  end`,
};

// Parameters: at 0, count 1, low 2, high 3, step 4. Locals: end 5, look 6; sum 7, value 8, step 9.
const FILL_EMPTY: WasmFunction = {
  name: 'fillEmpty',
  parameters: 5,
  answers: true,
  locals: { i32: 2, i64: 3 },
  code: `${lookAtAll(5, 7, 6)}
  local.get 7
  i64.eqz
  i32.eqz
  if
    i32.const 0
    return
  end
  ${word(2, 3)}
  local.set 8
  local.get 4
  i64.extend_i32_u
  local.set 9
  ${fillSteps(0, 5, 8, 9)}
  i32.const 1`,
};

const EMPTY: WasmFunction = {
  name: 'empty',
  parameters: 2,
  answers: true,
  locals: { i32: 2, i64: 1 },
  code: `${lookAtAll(2, 4, 3)}
  local.get 4
  i64.eqz`,
};

const EIGHT = [0, 8, 16, 24, 32, 40, 48, 56];

// Parameters: at 0, count 1. Locals: begin 2, end 3.
const CLEAR: WasmFunction = {
  name: 'clear',
  parameters: 2,
  answers: true,
  locals: { i32: 2, i64: 0 },
  code: `local.get 0
  local.tee 2
  local.get 1
  i32.const 3
  i32.shl
  i32.add
  local.set 3
  block
    loop ;; eight entries, while there are as many and none of them is zero
      local.get 3
      local.get 0
      i32.sub
      i32.const 64
      i32.lt_u
      br_if 1
      ${EIGHT.map((offset, i) => `local.get 0\ni64.load ${offset}\ni64.eqz\n${i > 0 ? 'i32.or' : ''}`).join('\n')}
      br_if 1
      ${EIGHT.map(offset => `local.get 0\ni64.const 0\ni64.store ${offset}`).join('\n')}
      local.get 0
      i32.const 64
      i32.add
      local.set 0
      br 0
    end
  end
  block
    loop
      local.get 0
      local.get 3
      i32.ge_u
      br_if 1
      local.get 0
      i64.load
      i64.eqz
      br_if 1
      local.get 0
      i64.const 0
      i64.store
      local.get 0
      i32.const 8
      i32.add
      local.set 0
      br 0
    end
  end
  local.get 0
  local.get 2
  i32.sub
  i32.const 3
  i32.shr_u`,
};

const ZERO: WasmFunction = {
  name: 'zero',
  parameters: 2,
  answers: false,
  locals: { i32: 0, i64: 0 },
  code: `local.get 0
  i32.const 0
  local.get 1
  memory.fill`,
};

/** What we use of WebAssembly. It is in every JavaScript machine, but not in the library of the language. */
interface Wasm {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

declare const WebAssembly: Wasm;

/** One module for all memories: 4 GiB is the most that there are. */
let compiled: object | null = null;

/** Memory of a fixed size, which therefore never moves, and the kernels over it. */
export function newMemory(pages64K: number): { readonly buffer: ArrayBuffer; readonly kernels: Kernels } {
  // The largest size is the first one, so the buffer is never detached; what is not touched is not there.
  const memory = new WebAssembly.Memory({ initial: pages64K, maximum: pages64K });
  compiled ??= new WebAssembly.Module(assemble([FILL, FILL_EMPTY, EMPTY, CLEAR, ZERO], 2 ** 16));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return { buffer: memory.buffer, kernels: exports as Kernels };
}
