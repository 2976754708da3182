// Where does a device's access end up?
import { chapter } from '../../kit/chapter.js';
import { cite } from '../../law/sources.js';
import { isType1 } from '../holding.js';
import { mappingAt } from '../mappings.js';
import { bytesOf, offsetOf, pagesOf } from '../pages.js';
import type { Choice, Dma as Mapping, State } from '../state.js';
import { type Call, chapterOf, type Rule } from './checks.js';

type Dma = Call<'dma'>;

const groupOf = (s: State, o: Dma): State['groups'][number] => s.groups[s.devices[o.device]!.group]!;

/** The mapping that a device's domain has for an address, if it permits the access. */
export function translation(
  s: State,
  device: number,
  iova: bigint,
  access: Dma['access'],
): { readonly at: number; readonly d: Mapping } | null {
  const { container, domain } = s.groups[s.devices[device]!.group]!;
  if (container < 0 || domain < 0) return null;
  const runs = s.maps[container]!;
  const at = mappingAt(runs, pagesOf(iova));
  if (at < 0) return null;
  const d = runs.get(at);
  const may = access === 'write' ? d.prot.includes('w') : d.prot.includes('r') || writeReads(s, device, d);
  return may ? { at, d } : null;
}

const writeReads = (s: State, device: number, d: Mapping): boolean =>
  d.prot === 'w' && s.units[s.groups[s.devices[device]!.group]!.domain]!.writeReads;

const { ends } = chapterOf<Dma>('dma', 'vfio_iommu_map');
const ours = chapter<State, Dma, Choice>('dma', cite('ours', 'ADR-0004: what the law leaves to others'));

export const dma: readonly Rule<Dma>[] = [
  ours.must(
    'no-device',
    'ENODEV',
    'A device that is not in the machine makes no access.',
    (s, o) => s.devices[o.device] === undefined || s.devices[o.device]!.driver === 'absent',
  ),
  ours.ends(
    'outside',
    'A device without an IOMMU, or whose group VFIO does not own, is translated by nobody or by the kernel, which this law does not judge.',
    state => ({ outcome: { is: 'outside' }, state }),
    (s, o) => groupOf(s, o).kind !== 'iommu' || groupOf(s, o).container < 0,
  ),
  ends(
    'blocked',
    'A group that is owned and has no domain yet reaches nothing.',
    state => ({ outcome: { is: 'fault' }, state }),
    (s, o) => !isType1(s.containers[groupOf(s, o).container]!),
    {
      cite: [
        cite('linux-7.2', '__iommu_take_dma_ownership: blocking_domain'),
        cite('linux-6.12', '__iommu_take_dma_ownership: blocking_domain'),
        cite('linux-6.1', 'iommu_group_claim_dma_owner: blocking_domain'),
      ],
    },
  ),
  ends(
    'translated',
    'An access that a mapping of the container permits reaches the memory that was pinned for it. On some IOMMUs whoever may write may read.',
    (s, o) => {
      const { at, d } = translation(s, o.device, o.iova, o.access)!;
      const page = d.origin + (pagesOf(o.iova) - at);
      const vaddr = bytesOf(page) | offsetOf(o.iova);
      return { outcome: { is: 'ok', mm: d.from, vaddr }, state: s };
    },
    (s, o) => translation(s, o.device, o.iova, o.access) !== null,
  ),
  ends(
    'fault',
    'Every other access faults: nothing is mapped there, or not for that kind of access.',
    state => ({
      outcome: { is: 'fault' },
      state,
    }),
  ),
];
