// With what may a request of a device be answered, and what of it does memory say today?
import { pageOf as pageNumber } from '../kit/pages.js';
import type { Outcome } from '../protocol/outcome.js';
import { processOf, withProcess } from './architecture.js';
import { wayItem, waysOf } from './caches.js';
import { type Answer, bytes, FAULT, isOutside, pageOf, walked } from './memory.js';
import type { Item, Pick, Prot, State, View } from './state.js';

export type Request = Pick<'access'> | Pick<'translate'>;

const covers = (i: Item, page: number): boolean => page >= i.first && page < i.first + 2 ** i.order;

/** What an item says of a page. */
const said = (i: Item, page: number): Answer =>
  i.is === 'none' ? FAULT : pageOf(i.to, page - i.first, i.order, i.prot as Prot);

/** The ways that a request may take: of its device, and with a PASID that of the process under it. */
function ways(s: State, view: View, device: number, process: number): readonly Item[] {
  const own = waysOf(s, view, device, 0);
  if (process === 0) return own;
  const through = own.flatMap(w =>
    w.is === 'some' && w.pasids ? waysOf(s, view, device, process) : [wayItem(device, process, NO)],
  );
  return through;
}

const NO = { present: false, tag: 0, table: 0, ats: false, pasids: false };

/** What caches and memory may say of a page of one way. */
function byWay(s: State, view: View, way: Item, process: number, page: number): readonly Answer[] {
  if (way.is === 'none') return [FAULT];
  const key = withProcess(s.iommu, process);
  const known = view.filter(i => i.who === way.tag && i.process === key && covers(i, page));
  return [
    walked(s, way.to, s.iommu.levels, page),
    ...known.filter(i => i.kind === 'leaf').map(i => said(i, page)),
    ...known.filter(i => i.kind === 'node').map(i => walked(s, i.to, i.order / s.iommu.bits, page)),
  ];
}

/** By where an answer may come from. */
export interface Answers {
  /** Through the entries of today, from memory alone. */
  readonly today: Answer;
  /** Through the entry of today, by what may be cached of its tables. */
  readonly entries: readonly Answer[];
  /** Through an older entry of the device or process. */
  readonly ways: readonly Answer[];
  /** From the TLB in the device. */
  readonly device: readonly Answer[];
}

/** All of them, in the view of the caches as they are now. */
export function answersOf(s: State, { device, pasid, iova }: Request, asks: boolean): Answers {
  const page = pageNumber(iova);
  const view = s.caches.now;
  const process = processOf(s, pasid);
  if (isOutside(s, page)) return { today: FAULT, entries: [], ways: [], device: [] };
  const [own, older] = todays(s, view, device, process);
  const mine = view.filter(i => i.who === device && i.process === process && covers(i, page));
  const hits = mine.filter(i => i.kind === 'hit');
  const ofToday = (i: Item): boolean => own.is === 'some' && i.tag === own.tag;
  return {
    today: own.is === 'none' ? FAULT : walked(s, own.to, s.iommu.levels, page),
    entries: [...byWay(s, view, own, process, page), ...hits.filter(ofToday).map(i => said(i, page))],
    ways: [
      ...older.flatMap(way => byWay(s, view, way, process, page)),
      ...hits.filter(i => !ofToday(i)).map(i => said(i, page)),
    ],
    device: asks ? [] : mine.filter(i => i.kind === 'device').map(i => said(i, page)),
  };
}

/** The way of today, and the older ones that may be cached. */
function todays(s: State, view: View, device: number, process: number): readonly [Item, readonly Item[]] {
  const today = ways(s, [], device, process)[0]!;
  const all = ways(s, view, device, process);
  return [today, all.filter(w => !same(w, today))];
}

const same = (a: Item, b: Item): boolean =>
  a.is === b.is &&
  (a.is === 'none' || (a.tag === b.tag && a.to === b.to && a.ats === b.ats && a.pasids === b.pasids));

/** An answer as the device sees it: where it got to, or a fault. */
export function outcomeOf(answer: Answer, { iova, access }: Request): Outcome {
  const able = answer.is === 'page' && answer.prot.includes(access === 'read' ? 'r' : 'w');
  return able ? { is: 'ok', paddr: bytes(answer.page, iova) } : { is: 'fault' };
}

export const isSame = (a: Outcome, b: Outcome): boolean =>
  a.is === b.is && (a.is !== 'ok' || b.is !== 'ok' || a.paddr === b.paddr);
