// When a line is refused, which earlier lines does the refusal rest on?

import { overlaps, pageOf, pagesAt, type Range } from '../kit/pages.js';
import { keysIn } from '../kit/runs.js';
import type { Op } from '../protocol/linux-dma.js';
import { tagOf } from './cache-tag.js';
import { explainFault } from './explain-fault.js';
import { deviceNamed } from './iommu-group.js';
import { knownPieces } from './known-pieces.js';
import { rows } from './pieces.js';
import type { State } from './state.js';

/** An earlier event that bears on a refusal, and how, in one sentence. */
export interface Reason {
  readonly event?: number;
  readonly says: string;
}

const MOST = 8;

/** The lines that a reader should look at beside the refused one, the most telling first. */
export function explain(s: State, op: Op): readonly Reason[] {
  const seen = new Set<number>();
  const reasons = reasonsFor(s, op).filter(r => {
    if (r.event === undefined) return true;
    if (r.event === 0 || seen.has(r.event)) return false;
    seen.add(r.event);
    return true;
  });
  return reasons.slice(0, MOST);
}

function reasonsFor(s: State, op: Op): readonly Reason[] {
  switch (op.op) {
    case 'map':
      return inRange(s, pagesAt(op.iova, op.size));
    case 'unmap':
      return [...absent(s, pagesAt(op.iova, op.unmapped)), ...doubts(s)];
    case 'dma_map':
      return [
        ...elsewhere(s, op.phys),
        ...used(
          s,
          op.segments.map(g => pagesAt(g.addr, g.size)),
        ),
      ];
    case 'dma_alloc':
    case 'dma_free':
      return used(s, [pagesAt(op.addr, op.size)]);
    case 'dma_unmap':
      return op.segments.flatMap(g => inRange(s, pagesAt(g.addr, g.size)));
    case 'add_device_to_group':
      return joined(s, op.device, 'joined its group here and has not left it');
    case 'attach_device_to_domain':
      return joined(s, op.device, 'joined its group here');
    case 'cache_tag_flush_range':
      return [...waiting(s, null), ...doubts(s)];
    case 'cache_tag_flush_all':
      return tagOf(s, op.unit, op.did)
        ? []
        : [{ says: `no line assigned domain id ${op.did} of ${op.unit}` }];
    case 'io_page_fault':
      return explainFault(s, op);
    default:
      return [];
  }
}

function joined(s: State, name: string, says: string): readonly Reason[] {
  const device = deviceNamed(s, name);
  return device
    ? [{ event: device.at, says: `${name} ${says}` }]
    : [{ says: `no line put ${name} in a group` }];
}

const hex = (page: number): string => `0x${(BigInt(page) << 12n).toString(16)}`;
const at = (piece: Range): string => `${hex(piece.start)}-${hex(piece.end)}`;

/** Everything known of a range: what is live there, what waits, what was removed last. */
function inRange(s: State, range: Range): readonly Reason[] {
  const found = knownPieces(s).filter(p => overlaps(p.piece, range));
  return found.flatMap(({ piece, live }) => [
    ...(live
      ? []
      : [{ event: piece.by, says: `removed ${at(piece)}, which still waits for its invalidation` }]),
    { event: piece.at, says: `mapped ${at(piece)}` },
  ]);
}

/** Why a range is not mapped: the removal that took it, and what is left of it. */
function absent(s: State, range: Range): readonly Reason[] {
  const removals: Reason[] = keysIn(s.removals, range, rows)
    .map(key => s.removals.get(key))
    .sort((a, b) => b.by - a.by)
    .map(({ end, by }) => ({ event: by, says: `was the last to remove a range that ends at ${hex(end)}` }));
  const edges = knownPieces(s)
    .filter(p => p.live && overlaps(p.piece, range))
    .map(({ piece }) => ({ event: piece.at, says: `mapped ${at(piece)}, which is all that is there` }));
  return [...edges.slice(0, 2), ...removals.slice(0, 3)];
}

/** Mappings that stand only because they may be in another domain than the one they were laid on. */
function doubts(s: State): readonly Reason[] {
  return knownPieces(s)
    .filter(p => p.live && p.piece.doubt > 0)
    .sort((a, b) => a.piece.doubt - b.piece.doubt)
    .map(({ piece }) => ({
      event: piece.doubt,
      says: `mapped ${at(piece)} onto what event ${piece.onto} had mapped, which only another domain allows`,
    }));
}

/** Where the memory that a driver named is mapped instead. */
function elsewhere(s: State, phys: bigint | undefined): readonly Reason[] {
  if (phys === undefined) return [];
  const page = pageOf(phys);
  return knownPieces(s)
    .filter(
      ({ piece, live }) =>
        live && piece.phys >= 0 && page >= piece.phys && page < piece.phys + piece.end - piece.start,
    )
    .sort((a, b) => b.piece.at - a.piece.at)
    .slice(0, 3)
    .map(({ piece }) => ({
      event: piece.at,
      says: `mapped the memory that the driver named, at ${at(piece)}`,
    }));
}

/** What was removed, latest first, and waits for its invalidation. */
function waiting(s: State, range: Range | null): readonly Reason[] {
  return knownPieces(s)
    .filter(({ piece, live }) => !live && (range === null || overlaps(piece, range)))
    .sort((a, b) => b.piece.by - a.piece.by)
    .slice(0, 3)
    .map(({ piece }) => ({
      event: piece.by,
      says: `removed ${at(piece)}, which still waits for its invalidation`,
    }));
}

function used(s: State, ranges: readonly Range[]): readonly Reason[] {
  const last = s.lastMap > 0 ? [{ event: s.lastMap, says: 'is the last map line before this one' }] : [];
  return [...ranges.flatMap(r => waiting(s, r)), ...last, ...ranges.flatMap(r => absent(s, r)), ...doubts(s)];
}
