// What does a device reach, and what can its IOMMU do?
import type { Next } from '../../law/clause.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { capableOfPasids, groupLives, isMember, membersOf } from '../groups.js';
import { frameAt } from '../leaves.js';
import { programmedDomain } from '../pasids.js';
import { BLOCKED, DEFAULT, IDENTITY, NONE, type Op, PAGE_BITS, type Ref, type State } from '../state.js';
import { ours, type Rule } from './checks.js';

type Dma = Extract<Op, { op: 'dma' }>;
type Capable = Extract<Op, { op: 'capable' }>;

/** What DMA through this domain meets. What the kernel or a process has mapped is not ours to know. */
function through(s: State, o: Dma, ref: Ref): Next<State> {
  if (ref === BLOCKED) return { outcome: { is: 'fault' }, state: s };
  const identity =
    ref === IDENTITY || (ref === DEFAULT && s.groups[s.devices[o.device]!.home]!.type === 'identity');
  if (identity) return { outcome: { is: 'ok', paddr: o.iova }, state: s };
  if (ref < 0) return { outcome: { is: 'outside' }, state: s };
  const page = o.iova >> PAGE_BITS;
  const frame = page < BigInt(s.machine.pageSpan) ? frameAt(s, ref, Number(page)) : -1;
  if (frame < 0) return { outcome: { is: 'fault' }, state: s };
  const paddr = (BigInt(frame) << PAGE_BITS) + (o.iova & ((1n << PAGE_BITS) - 1n));
  return { outcome: { is: 'ok', paddr }, state: s };
}

export const dma: readonly Rule<Dma>[] = [
  refuse(
    'ENODEV',
    { id: 'dma/no-device', says: 'A device that does not exist makes no DMA.', cite: [ours] },
    (s, o) => s.devices[o.device] === undefined,
  ),
  ending(
    {
      id: 'dma/left-over',
      says: 'After a blocking attach that returned early, DMA may still reach what the domain before translated (policy blocking-attach=may-return-early).',
      cite: [
        cite(
          'mail-2022-ppc',
          '"It will turn into a security problem to allow kernel mappings to leak past this point"',
        ),
      ],
      status: 'disputed',
      kind: 'may',
    },
    (s, o) => through(s, o, s.devices[o.device]!.leftover),
    (s, o) => o.pasid === null && s.devices[o.device]!.leftover !== NONE,
  ),
  ending(
    {
      id: 'dma/pasid',
      says: 'DMA with a PASID is translated by what is attached under it, and faults if nothing is.',
      cite: [
        cite('vt-d', 'scalable mode, PASID table entry'),
        cite('mail-2021', '"a PASID is merely an index into a set of iommu_domains"'),
      ],
    },
    (s, o) => {
      const ref = programmedDomain(s, o.device, o.pasid!);
      return ref === NONE ? { outcome: { is: 'fault' }, state: s } : through(s, o, ref);
    },
    (s, o) => o.pasid !== null && o.pasid > 0 && isMember(s, o.device),
  ),
  ending(
    {
      id: 'dma/requester-id',
      says: 'DMA without a PASID is translated by the domain that the device is on; what the kernel maps for its own drivers, and what firmware left, is not known here.',
      cite: [cite('linux', '__iommu_attach_device'), cite('ours', 'ADR-0004: the answer is outside')],
    },
    (s, o) => through(s, o, s.devices[o.device]!.rid),
  ),
];

type What = Capable['what'];

const ofInstance = (s: State, at: number, what: What): boolean => {
  const i = s.instances[at];
  if (i === undefined) return false;
  return {
    'cache-coherency': i.coherent,
    'enforce-coherency': i.enforces,
    'dirty-tracking': i.dirty,
    'isolated-msi': i.msi,
    pasid: i.pasids > 1,
  }[what];
};

const ofDevice = (s: State, at: number, what: What): boolean => {
  if (!isMember(s, at)) return false;
  const d = s.devices[at]!;
  return what === 'pasid' ? capableOfPasids(s, d) : ofInstance(s, d.instance, what);
};

const CAPABLE = cite('linux', 'device_iommu_capable');
const told = (s: State, yes: boolean): Next<State> => ({ outcome: { is: 'ok', yes }, state: s });

export const capable: readonly Rule<Capable>[] = [
  refuse(
    'ENODEV',
    { id: 'capable/no-group', says: 'A group that does not exist cannot be asked.', cite: [ours] },
    (s, o) => o.of === 'group' && !groupLives(s, o.at),
  ),
  refuse(
    'ENOENT',
    { id: 'capable/no-domain', says: 'A domain that nobody allocated cannot be asked.', cite: [ours] },
    (s, o) => o.of === 'domain' && !s.domains.has(o.at),
  ),
  ending(
    {
      id: 'capable/device',
      says: 'A device can do what its IOMMU instance can; one behind no IOMMU, or in no group, can do nothing.',
      cite: [CAPABLE],
    },
    (s, o) => told(s, ofDevice(s, o.at, o.what)),
    (_, o) => o.of === 'device',
  ),
  ending(
    {
      id: 'capable/group',
      says: 'A group can do what all of its devices can.',
      cite: [
        cite('linux', 'iommu_group_has_isolated_msi'),
        cite('mail-2022', '"better done against the domain or the group object, as appropriate"'),
      ],
    },
    (s, o) =>
      told(
        s,
        membersOf(s, o.at).every(at => ofDevice(s, at, o.what)),
      ),
    (_, o) => o.of === 'group',
  ),
  ending(
    {
      id: 'capable/domain',
      says: 'A domain can do what the instance can that it is made for; one made for a bus can do nothing before its first attach.',
      cite: [cite('mail-2022', '"better done against the domain or the group object, as appropriate"')],
    },
    (s, o) =>
      told(s, s.domains.get(o.at).kind === 'paging' && ofInstance(s, s.domains.get(o.at).instance, o.what)),
  ),
];
