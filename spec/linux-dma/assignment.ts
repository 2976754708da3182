// Is there one domain for each unknown, different wherever two are apart?
import { type Meter, spend } from './meter.js';
import type { Alternative, Label } from './state.js';

type Unknowns = Alternative['unknowns'];
type Near = readonly ReadonlySet<number>[];

/** Whether an assignment exists: exact, and quick where all that is hard is one page with many mappings. */
export function assignable(unknowns: Unknowns, apart: Alternative['apart'], meter: Meter | null): boolean {
  if (apart.length === 0) return true;
  const near: Set<number>[] = unknowns.map(() => new Set());
  for (const [a, b] of apart) {
    near[a]!.add(b);
    near[b]!.add(a);
  }
  spend(meter, 4 * (unknowns.length + apart.length));
  const hard = withoutEasy(unknowns, near);
  if (hard.length === 0) return true;
  const clique = cliqueIn(hard, near);
  if (!matched(clique, unknowns, meter)) return false;
  if (clique.length === hard.length) return true;
  const rest = hard.filter(u => !clique.includes(u));
  return search([...clique, ...rest], 0, new Map(), unknowns, near, meter);
}

/** The unknowns that are left when each with more labels than neighbours is taken out, again and again. */
function withoutEasy(unknowns: Unknowns, near: Near): readonly number[] {
  const degree = near.map(n => n.size);
  const gone = new Set<number>();
  const open = unknowns.map((_, u) => u).filter(u => degree[u]! < unknowns[u]!.length);
  for (let u = open.pop(); u !== undefined; u = open.pop()) {
    if (gone.has(u)) continue;
    gone.add(u);
    for (const v of near[u]!) if (--degree[v]! === unknowns[v]!.length - 1) open.push(v);
  }
  return unknowns.map((_, u) => u).filter(u => !gone.has(u));
}

/** Unknowns that are all apart from each other, found greedily from the one with the most neighbours. */
function cliqueIn(hard: readonly number[], near: Near): readonly number[] {
  const order = hard.slice().sort((a, b) => near[b]!.size - near[a]!.size);
  const found: number[] = [];
  for (const u of order) if (found.every(v => near[u]!.has(v))) found.push(u);
  return found;
}

/** Has each of them a label of its own? (Augmenting paths.) */
function matched(clique: readonly number[], unknowns: Unknowns, meter: Meter | null): boolean {
  const owner = new Map<Label, number>();
  const placed = (u: number, seen: Set<Label>): boolean => {
    for (const label of unknowns[u]!) {
      spend(meter, 1);
      if (seen.has(label)) continue;
      seen.add(label);
      const other = owner.get(label);
      if (other !== undefined && !placed(other, seen)) continue;
      owner.set(label, u);
      return true;
    }
    return false;
  };
  return clique.every(u => placed(u, new Set()));
}

function search(
  order: readonly number[],
  i: number,
  chosen: Map<number, Label>,
  unknowns: Unknowns,
  near: Near,
  meter: Meter | null,
): boolean {
  if (i === order.length) return true;
  const u = order[i]!;
  const used = new Set(chosen.values());
  const tried = new Set<string>();
  for (const label of unknowns[u]!) {
    spend(meter, 1 + near[u]!.size);
    if ([...near[u]!].some(v => chosen.get(v) === label)) continue;
    if (!used.has(label)) {
      // Of labels that nobody has yet and that stand in the same lists, one is as good as another.
      const lists = order
        .slice(i)
        .reduce((out, v) => (unknowns[v]!.includes(label) ? `${out},${v}` : out), '');
      spend(meter, order.length - i);
      if (tried.has(lists)) continue;
      tried.add(lists);
    }
    chosen.set(u, label);
    if (search(order, i + 1, chosen, unknowns, near, meter)) return true;
    chosen.delete(u);
  }
  return false;
}
