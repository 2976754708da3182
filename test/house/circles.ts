// Which files import each other in a circle, by values or by types alone?

/** What each file imports, by path. Whatever is no key of it is left out. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/**
 * A shortest circle through each knot of files that reach each other: `[a, b]` is a imports b imports a. None: [].
 * Each file is looked at once in the order of its imports (Tarjan's strongly connected components).
 */
export function circlesIn(imports: Imports): readonly (readonly string[])[] {
  return knotsIn(imports).map(knot => shortestIn(imports, knot));
}

function knotsIn(imports: Imports): readonly ReadonlySet<string>[] {
  const at = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const knots: ReadonlySet<string>[] = [];
  const visit = (file: string): void => {
    at.set(file, at.size);
    low.set(file, at.get(file)!);
    open.push(file);
    for (const next of imports.get(file)!) {
      if (!imports.has(next)) continue;
      if (!at.has(next)) visit(next);
      if (open.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!));
    }
    if (low.get(file) !== at.get(file)) return;
    const knot = new Set(open.splice(open.indexOf(file)));
    if (knot.size > 1 || imports.get(file)!.includes(file)) knots.push(knot);
  };
  for (const file of imports.keys()) if (!at.has(file)) visit(file);
  return knots;
}

/** From the first file of the knot by name, breadth first back to it. */
function shortestIn(imports: Imports, knot: ReadonlySet<string>): readonly string[] {
  const start = [...knot].sort()[0]!;
  const ways: (readonly string[])[] = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of imports.get(way.at(-1)!)!) {
      if (next === start) return way;
      if (!knot.has(next) || seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  throw new Error('a knot without a circle');
}
