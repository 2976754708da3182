// What does a line of the DMA API prove about the mappings of a device's domain?
import { overlaps, type Range } from '../kit/pages.js';
import { patch } from '../kit/record.js';
import { allIn, firstIn, keysIn } from '../kit/runs.js';
import { except } from './alternative.js';
import { extracted, putBack } from './cluster.js';
import { coverings } from './cover.js';
import { rows } from './pieces.js';
import {
  type Alternative,
  type Cluster,
  changed,
  type Domain,
  type Handle,
  type Label,
  type Piece,
  type State,
  withDomain,
} from './state.js';

/** What must be behind a range: from its first page on, one physical run (`whole`) or just the first page. */
export interface Behind {
  readonly phys: number;
  readonly whole: boolean;
}

/** The state in which a domain holds the range; undefined where no alternative is left in which it does. */
export function holding(s: State, label: Label, range: Range, behind: Behind | null): State | undefined {
  const { live } = s.domains.get(label);
  if (allIn(live, range, rows)) {
    const pieces = keysIn(live, range, rows).map(k => live.get(k));
    return fits(pieces, range, behind) ? s : undefined;
  }
  return (
    simply(s, label, range, behind) ??
    narrowed(s, range, alt =>
      coverings(alt, range, [label], s.meter)
        .filter(c => fits(piecesOf(c.alt, c.of), range, behind))
        .map(c => c.alt),
    )
  );
}

/** Whole pieces in a row that nothing else constrains move to the domain as they are. */
function simply(s: State, label: Label, range: Range, behind: Behind | null): State | undefined {
  const pieces: Piece[] = [];
  let page = range.start;
  for (const key of keysIn(s.uncertain, range, rows)) {
    const piece = lone(s.uncertain.get(key), label);
    if (piece === undefined || key > page) return undefined;
    pieces.push(piece);
    page = piece.end;
  }
  if (page < range.end || !fits(pieces, range, behind)) return undefined;
  let { uncertain } = s;
  let { live } = s.domains.get(label);
  for (const piece of pieces) {
    uncertain = uncertain.delete(piece.start);
    live = live.set(piece.start, piece);
  }
  return withDomain(changed(s, { uncertain }), label, { live });
}

function lone(cluster: Cluster, label: Label): Piece | undefined {
  const alt = cluster.alternatives[0]!;
  if (cluster.alternatives.length > 1 || alt.parts.length > 1 || !alt.parts[0]!.live || alt.parts[0]!.many)
    return undefined;
  return alt.unknowns[0]!.includes(label) ? alt.parts[0]!.piece : undefined;
}

/** The state with every alternative around a range replaced; undefined when none is left. */
function narrowed(
  s: State,
  range: Range,
  step: (alt: Alternative) => readonly Alternative[],
): State | undefined {
  const { state, alternatives } = extracted(s, range, true);
  return putBack(state, alternatives.flatMap(step));
}

const piecesOf = (alt: Alternative, of: number): readonly Piece[] =>
  alt.parts.filter(p => p.live && p.of === of).map(p => p.piece);

/** Is the physical memory behind the pieces what the line says? */
function fits(pieces: readonly Piece[], range: Range, behind: Behind | null): boolean {
  if (behind === null) return true;
  for (const piece of pieces) {
    if (piece.phys < 0 || !overlaps(piece, range)) continue;
    if (!behind.whole && piece.start > range.start) continue;
    if (piece.phys - piece.start !== behind.phys - range.start) return false;
  }
  return true;
}

/** Does what was mapped for a handle still belong to it, or was it made after the handle was? */
const ofHandle = (piece: Piece, handle: Handle): boolean => piece.at <= handle.at;

/**
 * The state in which a domain no longer holds (`waiting`: nor still has to invalidate) what was mapped for
 * a handle; undefined where it certainly does.
 */
export function released(
  s: State,
  label: Label,
  range: Range,
  handle: Handle,
  waiting: boolean,
): State | undefined {
  const domain = s.domains.get(label);
  const bad = (table: Domain['live']): boolean =>
    keysIn(table, range, rows).some(k => ofHandle(table.get(k), handle));
  if (bad(domain.live) || (waiting && bad(domain.stale))) return undefined;
  if (firstIn(s.uncertain, range, rows) < 0) return s;
  return narrowed(s, range, alt => {
    const unknowns = alt.unknowns.slice();
    for (const p of alt.parts) {
      if ((p.live || waiting) && overlaps(p.piece, range) && ofHandle(p.piece, handle)) {
        unknowns[p.of] = except(unknowns[p.of]!, label);
      }
    }
    return [{ ...alt, unknowns }];
  });
}

/** The handle of a device at an address, if the DMA API has handed it out. */
export function handleAt(
  s: State,
  label: Label,
  device: string,
  addr: bigint,
  size: bigint,
): Handle | undefined {
  const row = s.domains.get(label).handles.get(Number(addr >> 12n));
  return row.all.find(h => h.device === device && h.addr === addr && h.size === size && !h.freed && !h.list);
}

/** The state after the DMA API handed out a range. Rows of earlier owners of the page go with it. */
export function handedOut(s: State, label: Label, handle: Handle): State {
  const key = Number(handle.addr >> 12n);
  const { handles } = s.domains.get(label);
  const all = [...handles.get(key).all.filter(h => !h.list && !h.freed), handle];
  return withDomain(s, label, { handles: handles.set(key, { end: endOf(all), all }) });
}

/** The state after the DMA API took a handle back; `before` its unmap it stays until then. */
export function takenBack(s: State, label: Label, handle: Handle, before: boolean): State {
  const key = Number(handle.addr >> 12n);
  const { handles } = s.domains.get(label);
  const rest = handles.get(key).all.filter(h => h !== handle);
  const all = before ? [...rest, patch(handle, { freed: true })] : rest;
  const next = all.length === 0 ? handles.delete(key) : handles.set(key, { end: endOf(all), all });
  return withDomain(s, label, { handles: next });
}

const endOf = (all: readonly Handle[]): number =>
  all.reduce((end, h) => Math.max(end, Number((h.addr + h.size + 4095n) >> 12n)), 0);
