// What is there to draw of what a kernel's trace events report: groups, devices, and what the lines say is mapped?
import { address, bytes, fact, fields, list, number, pageOf, text } from './reading.js';
import type { BarRange, Scene } from './scene.js';

/** A step of a story, as far as the lines are read. */
export interface Reported {
  readonly op: unknown;
  readonly verdict: string;
}

/** So many ranges are drawn, the last ones. */
const DRAWN = 24;

/**
 * Lines do not name their domain, so the law's view has no list of mappings: drawn is what the lines up to here
 * reported as mapped and not as unmapped since, by the lines' own addresses.
 */
export function dmaScene(view: unknown, steps: readonly Reported[]): Scene {
  const v = fields(view);
  const live = reported(steps);
  return {
    columns: [
      {
        title: 'Groups and devices',
        boxes: list(v['groups']).map(g => ({
          id: `group ${text(fields(g)['id'])}`,
          kind: 'group' as const,
          title: `group ${text(fields(g)['id'])}`,
          facts: [fact('', list(fields(g)['devices']).map(text).join(', ') || 'no devices')],
        })),
      },
      {
        title: 'What is mapped',
        boxes: [
          {
            id: 'mapped',
            kind: 'domain',
            title: 'by the law',
            facts: [fact('mapped', bytes(number(v['mappedPages'])))],
          },
          {
            id: 'reported',
            kind: 'domain',
            title: live.length > DRAWN ? `last ${DRAWN} ranges that lines reported` : 'as the lines reported',
            bar: { of: 'IOVA', unit: 4096, ranges: live.slice(-DRAWN).sort((a, b) => a.first - b.first) },
          },
        ],
      },
    ],
    lines: [],
  };
}

/** Oldest first. A range that is cut is gone with the line that cuts it, but for what is left of it. */
function reported(steps: readonly Reported[]): readonly BarRange[] {
  let live: readonly BarRange[] = [];
  for (const { op, verdict } of steps) {
    if (verdict === 'diverges') continue;
    const o = fields(op);
    const first = pageOf(o['iova']);
    if (o['op'] === 'map') {
      const count = pageOf(o['size']);
      if (first !== undefined && count) live = [...live, { first, count, to: toOf(o) }];
    } else if (o['op'] === 'unmap') {
      const count = pageOf(o['unmapped'] ?? o['size']);
      if (first !== undefined && count) live = live.flatMap(r => without(r, first, first + count));
    }
  }
  return live;
}

const toOf = (o: { readonly [key: string]: unknown }): string => {
  const page = pageOf(o['paddr']);
  return page === undefined ? '' : `frame ${address(page)}`;
};

function without(r: BarRange, first: number, end: number): readonly BarRange[] {
  const last = r.first + r.count;
  if (end <= r.first || first >= last) return [r];
  const parts = [];
  if (first > r.first) parts.push({ ...r, count: first - r.first });
  if (end < last) parts.push({ ...r, first: end, count: last - end });
  return parts;
}
