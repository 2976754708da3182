// What do the trace events of QEMU's VT-d unit say, line by line?

/** What a line says of the unit. `device` is a requester: bus, device and function. */
export type VtdLine =
  /** Memory says this of the device: a root and a tag, or no entry. */
  | { readonly is: 'context'; readonly device: number; readonly high: bigint; readonly low: bigint }
  | { readonly is: 'absent'; readonly device: number }
  /** An entry of a table, read from memory or found in the IOTLB. */
  | { readonly is: 'walked' | 'hit'; readonly device: number; readonly entry: bigint }
  | {
      readonly is: 'reached';
      readonly device: number;
      readonly iova: bigint;
      readonly to: bigint;
      readonly mask: bigint;
    }
  | {
      readonly is: 'fault';
      readonly device: number;
      readonly code: number;
      readonly iova: bigint;
      readonly write: boolean;
    }
  | { readonly is: 'command'; readonly type: string; readonly high: bigint; readonly low: bigint }
  | { readonly is: 'completed' }
  /** What another line of the same descriptor says as well. */
  | { readonly is: 'again' }
  | { readonly is: 'other'; readonly name: string };

const X = '0x([0-9a-f]{1,16})';
const AGAIN = /^vtd_inv_desc_(?:cc|iotlb)_/;
const EVENT = /^(?:\d+@\d+\.\d+:)?(vtd_[a-z_]+) ?(.*)$/;
const CONTEXT = new RegExp(`bus ${X} devfn ${X} high ${X} low ${X} gen`);
const ABSENT = /bus (\d{1,3}) devfn (\d{1,3}) not present/;
const ENTRY = new RegExp(`sid ${X} iova ${X} slpte ${X} domain ${X}`);
const REACHED = new RegExp(`dev ([0-9a-f]{2}):([0-9a-f]{2})\\.([0-9a-f]{2}) iova ${X} -> gpa ${X} mask ${X}`);
const FAULT = new RegExp(`sid ${X} fault (\\d{1,3}) addr ${X} write ([01])`);
const COMMAND = new RegExp(`desc type ([a-z-]+) high ${X} low ${X}`);

const hex = (digits: string | undefined): bigint => BigInt(`0x${digits}`);
const small = (digits: string | undefined): number => Number.parseInt(digits!, 16);

/** Undefined: it is no line of these events. */
export function vtdLine(text: string): VtdLine | undefined {
  const [, name, rest] = EVENT.exec(text) ?? [];
  if (name === undefined) return undefined;
  if (AGAIN.test(name)) return { is: 'again' };
  return READERS[name]?.(rest!) ?? { is: 'other', name };
}

type Reader = (rest: string) => VtdLine | undefined;

const entry =
  (is: 'walked' | 'hit'): Reader =>
  rest => {
    const m = ENTRY.exec(rest);
    return m === null ? undefined : { is, device: small(m[1]), entry: hex(m[3]) };
  };

const context: Reader = rest => {
  const m = CONTEXT.exec(rest);
  if (m === null) return undefined;
  return { is: 'context', device: (small(m[1]) << 8) | small(m[2]), high: hex(m[3]), low: hex(m[4]) };
};

const READERS: { readonly [name: string]: Reader } = {
  vtd_iotlb_cc_update: context,
  vtd_ce_not_present: rest => {
    const m = ABSENT.exec(rest);
    return m === null ? undefined : { is: 'absent', device: (Number(m[1]) << 8) | Number(m[2]) };
  },
  vtd_iotlb_page_update: entry('walked'),
  vtd_iotlb_page_hit: entry('hit'),
  vtd_dmar_translate: rest => {
    const m = REACHED.exec(rest);
    if (m === null) return undefined;
    const device = (small(m[1]) << 8) | (small(m[2]) << 3) | small(m[3]);
    return { is: 'reached', device, iova: hex(m[4]), to: hex(m[5]), mask: hex(m[6]) };
  },
  vtd_dmar_fault: rest => {
    const m = FAULT.exec(rest);
    if (m === null) return undefined;
    return { is: 'fault', device: small(m[1]), code: Number(m[2]), iova: hex(m[3]), write: m[4] === '1' };
  },
  vtd_inv_desc: rest => {
    const m = COMMAND.exec(rest);
    return m === null ? undefined : { is: 'command', type: m[1]!, high: hex(m[2]), low: hex(m[3]) };
  },
  vtd_inv_desc_wait_sw: () => ({ is: 'completed' }),
};

/** Does the beginning of a file read like such a log? */
export const looksLikeVtd = (line: string): boolean => EVENT.test(line);
