// What does the history of the maps say of a fault: was the address mapped then, by which line, or unmapped, and when?
import { overlaps, pageOf, type Range, span } from '../kit/pages.js';
import type { Op } from '../protocol/linux-dma.js';
import { deviceNamed } from './iommu-group.js';
import { knownPieces } from './known-pieces.js';
import type { State } from './state.js';

type FaultOp = Extract<Op, { op: 'io_page_fault' }>;

export interface Told {
  readonly event?: number;
  readonly says: string;
}

const hex = (page: number): string => `0x${(BigInt(page) << 12n).toString(16)}`;
const at = (piece: Range): string => `${hex(piece.start)}-${hex(piece.end)}`;

/** The most telling line first: what was there, else what had been, else what lies beside it. */
export function explainFault(s: State, op: FaultOp): readonly Told[] {
  if (s.counted && s.lastMap === 0 && s.removals.size === 0)
    return [{ says: 'no line of the recording maps anything, so what was there is not known' }];
  const page = span(pageOf(op.iova), 1);
  const access = (op.flags & 1) === 1 ? 'write' : 'read';
  const here = live(s).filter(p => overlaps(p.piece, page));
  if (here.length > 0) return here.slice(0, 3).map(p => mapped(s, op, p.piece, p.domain, access));
  const removed = latestRemoval(s, page);
  if (removed !== undefined) return [removed];
  const beside = neighbours(s, page);
  const never = `no line has mapped ${hex(page.start)}`;
  return beside.length > 0
    ? beside.map(told => ({ ...told, says: `${never}: ${told.says}` }))
    : [{ says: never }];
}

interface Live {
  readonly piece: Range & { readonly at: number };
  readonly domain: number;
}

/** What is mapped, also by lines whose domain nobody knows. */
function live(s: State): readonly Live[] {
  const unplaced = s.unplaced.reduce(
    (list: readonly Live[], { end, by }, start) => [...list, { piece: { start, end, at: by }, domain: -1 }],
    [],
  );
  return [...knownPieces(s).filter(p => p.live), ...unplaced];
}

function mapped(s: State, op: FaultOp, piece: Live['piece'], domain: number, access: string): Told {
  const own = deviceNamed(s, op.device)?.domain ?? -1;
  const elsewhere = own >= 0 && domain >= 0 && own !== domain;
  const says = elsewhere
    ? `mapped ${at(piece)}, in the domain of other devices`
    : op.why === 'permission' || op.why === 'either'
      ? `mapped ${at(piece)}: it was there, so it does not permit to ${access}`
      : `mapped ${at(piece)}, which was there`;
  return { event: piece.at, says: op.loose === true ? `${says}; the order of the two is not certain` : says };
}

/** The latest line that removed the page. */
function latestRemoval(s: State, page: Range): Told | undefined {
  const found = s.removals.reduce(
    (
      latest: { readonly by: number; readonly start: number; readonly end: number } | undefined,
      row,
      start,
    ) =>
      start <= page.start && row.end > page.start && row.by > (latest?.by ?? 0) ? { ...row, start } : latest,
    undefined,
  );
  return found === undefined
    ? undefined
    : { event: found.by, says: `unmapped ${at(found)}, which was not there any more` };
}

/** What ends or begins within a page of it: a DMA that ran out of its buffer. */
function neighbours(s: State, { start, end }: Range): readonly Told[] {
  return live(s)
    .filter(p => p.piece.end === start || p.piece.start === end)
    .slice(0, 2)
    .map(({ piece }) => ({
      event: piece.at,
      says: piece.end === start ? `${at(piece)} ends right before it` : `${at(piece)} begins right behind it`,
    }));
}
