// What does an observer see of an IOMMU's tables and of its driver? What may be cached is nobody's to see.
import type { View } from '../law/profile.js';
import type { State, Way } from './state.js';

const way = ({ present, tag, table, ats, pasids }: Way) => (present ? { tag, table, ats, pasids } : null);

export function view(s: State): View {
  const count = 2 ** s.iommu.bits;
  return {
    entries: s.memory.reduce<readonly View[]>(
      (list, { is, to, prot }, at) => [
        ...list,
        {
          table: Math.floor(at / count),
          index: at % count,
          ...(is === 'leaf' ? { page: to, prot } : { next: to }),
        },
      ],
      [],
    ),
    contexts: s.contexts.map(way),
    processes: s.processes.map(way),
    tables: s.tables.map(t => t.use),
    owed: s.spaces.map(({ first, last, tables }) => (last < first ? null : { first, last, tables })),
    waits: s.caches.after.length,
  };
}
