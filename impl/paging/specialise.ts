// How does a page table of some format come to be in an arena?

import type { TableArena } from './arena.js';
import { DONE, NO_MEMORY } from './codes.js';
import { textOf } from './generate.js';
import type { Layout } from './layout.js';
import { PageTable } from './table.js';

export type TableClass = new (arena: TableArena, layout: Layout, root: number) => PageTable;

/**
 * The class of tables of one layout in one arena, made once. With another base than PageTable it is made anew: that is how a
 * defect is seeded in what the fast ways do not do themselves. In what they do, a subclass of the answer does it.
 */
export function specialise(arena: TableArena, layout: Layout, Base: TableClass = PageTable): TableClass {
  const { format } = layout;
  if (format.pageShift !== arena.pageShift)
    throw new RangeError(`tables of ${format.name} do not have the size of this arena's pages`);
  if (arena.base + arena.pages * 2 ** arena.pageShift > 2 ** format.outputBits)
    throw new RangeError(`this arena lies beyond the ${format.outputBits} bits of ${format.name}`);
  const made = arena.specialised.get(layout);
  if (made !== undefined && Base === PageTable) return made as TableClass;
  const specialised = classAt(arena, layout, Base, format.top);
  if (Base === PageTable) arena.specialised.set(layout, specialised);
  return specialised;
}

/**
 * The code for a root at one level. When a root grows, its table gets the code for the new level in place of the old one. A
 * subclass keeps the old code, which then goes the general ways.
 */
function classAt(arena: TableArena, layout: Layout, Base: TableClass, top: number): TableClass {
  const factory = new Function('Base', 'arena', textOf({ layout, arena, top }));
  const made = factory(Base, arena) as TableClass;
  if (top === layout.most) return made;
  let next: TableClass | null = null;
  made.prototype.grow = function grow(this: PageTable): number {
    const code: number = Base.prototype.grow.call(this);
    if (code !== DONE || Object.getPrototypeOf(this) !== made.prototype) return code;
    next ??= classAt(arena, layout, Base, top + 1);
    Object.setPrototypeOf(this, next.prototype);
    return code;
  };
  return made;
}

/** An empty table, or NO_MEMORY when the arena has no page for its root. */
export function newPageTable(
  arena: TableArena,
  layout: Layout,
  Class: TableClass = specialise(arena, layout),
): PageTable | typeof NO_MEMORY {
  const root = arena.take(layout.rootOrder);
  return root < 0 ? NO_MEMORY : new Class(arena, layout, root);
}
