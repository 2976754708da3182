// What does an observer see of an IOMMU's tables and of its driver? What may be cached is nobody's to see.
import type { View } from '../law/profile.js';
import type { State, Way } from './state.js';

const way = ({ present, tag, table, ats, pasids }: Way) => (present ? { tag, table, ats, pasids } : null);

export function view(s: State): View {
  const count = 2 ** s.iommu.bits;
  return {
    get entries() {
      return s.memory.reduce<View[]>((list, { is, to, prot }, at) => {
        const place = { table: Math.floor(at / count), index: at % count };
        list.push(is === 'leaf' ? { ...place, page: to, prot } : { ...place, next: to });
        return list;
      }, []);
    },
    contexts: s.contexts.map(way),
    processes: s.processes.map(way),
    tables: s.tables.map(t => t.use),
    owed: s.spaces.map(({ first, last, tables }) => (last < first ? null : { first, last, tables })),
    waits: s.caches.after.length,
  };
}
