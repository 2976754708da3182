// Which calls are not made on a real kernel, as they break it, or as the law keeps no account of what they leave?
import { type AnyOp, type AnyProfile, allowed } from '../../../spec/law/profile.js';
import type { Machine, Op } from '../../../spec/protocol/spapr-tce.js';
import type { State } from '../../../spec/spapr-tce/state.js';
import type { Script } from '../play.js';

type Process = Extract<Op, { readonly mm: number; readonly container: number }>;

const SECOND_WINDOW = 1n << 59n;
const END = 1n << 64n;
/** For the list of so many pages the kernel takes all memory of the guest before it looks at the first of them. */
const TOO_MUCH = 1n << 34n;
/** After these, refused or not, Linux has bound the container to the caller (ADR 0013: a refused call leaves no trace). */
const BINDING: { readonly [version: number]: readonly Op['op'][] } = {
  1: ['enable'],
  2: ['register', 'create_window', 'remove_window'],
};
/** These make a pending default window, whether they are refused behind that or not (ADR 0013). */
const MAKING: readonly Op['op'][] = ['map', 'unmap', 'create_window'];

/** A script without them. `breaks`: clauses where this kernel does not refuse and goes beyond its tables. */
export function careful(profile: AnyProfile, script: Script, breaks: readonly string[]): Script {
  const bound = new Map<number, number>();
  const isLeftOut = (state: State, op: Op): boolean => {
    if (op.op === 'dma') return isBeside(state, op);
    if (!isOfProcess(op)) return false;
    if (op.op === 'register' && op.size >= TOO_MUCH && op.ua + op.size < END) return true;
    const c = state.containers.find(row => row.kind === 'open' && row.name === op.container);
    if (c === undefined) return false;
    const binder = bound.get(op.container);
    if (binder !== undefined && c.mm < 0 && (binder !== op.mm || op.op === 'unregister')) return true;
    const limited = (script.machine as Machine).mms[op.mm]!.lockLimit !== null;
    if (c.pending && op.op === 'remove_window' && op.start !== 0n && op.start < SECOND_WINDOW) return true;
    const { rule, outcome } = allowed(profile, state, op as AnyOp, script.policies).at(-1)!;
    if (breaks.includes(rule)) return true;
    if (!limited || outcome.is !== 'refused') return false;
    return (c.pending && MAKING.includes(op.op)) || rule === 'create_window/too-deep';
  };
  const binds = (state: State, op: Op): void => {
    if (!isOfProcess(op) || bound.has(op.container)) return;
    const c = state.containers.find(row => row.kind === 'open' && row.name === op.container);
    if (c !== undefined && BINDING[c.version]!.includes(op.op)) bound.set(op.container, op.mm);
  };
  return {
    ...script,
    next: state => {
      for (let call = script.next(state); ; call = script.next(state)) {
        const op = call?.op as Op | undefined;
        if (op !== undefined && isLeftOut(state as State, op)) continue;
        if (op?.op === 'open' && !isOpen(state as State, op.as)) bound.delete(op.as);
        if (op !== undefined) binds(state as State, op);
        return call;
      }
    },
  };
}

/** Calls that VFIO cannot be asked to make in this state (see vfio.ts): a walk has better ones. */
export function isOutOfReach(state: State, op: Op): boolean {
  const inContainer = (name: number) =>
    state.groups.some(g => g.container >= 0 && state.containers[g.container]!.name === name);
  const domain = 'group' in op ? state.groups[op.group]?.domain : undefined;
  switch (op.op) {
    case 'bind':
      return state.devices[op.device]?.state !== 'present';
    case 'claim':
      return domain !== 'platform';
    case 'release':
      return domain !== 'blocked' || state.groups[op.group]!.container >= 0;
    case 'attach':
      return domain !== 'blocked';
    case 'dma':
      return state.groups[state.devices[op.device]?.group ?? -1]?.domain !== 'blocked';
    default:
      return isOfProcess(op) && isOpen(state, op.container) && !inContainer(op.container);
  }
}

const isOpen = (state: State, name: number): boolean =>
  state.containers.some(c => c.kind === 'open' && c.name === name);

const isOfProcess = (op: Op): op is Process => 'mm' in op && 'container' in op;

/** Beside a window of that number: QEMU's model looks at no window's end, and takes another entry of the table. */
function isBeside(state: State, { device, iova }: Extract<Op, { op: 'dma' }>): boolean {
  const g = state.groups[state.devices[device]?.group ?? -1];
  if (g === undefined) return false;
  const table = state.tables[(iova >> 59n) % 2n === 0n ? g.window0 : g.window1];
  if (table === undefined) return false;
  const index = (iova >> BigInt(table.shift)) - BigInt(table.offset);
  return index < 0n || index >= BigInt(table.size);
}
