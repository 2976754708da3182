// What does a device reach, and what can its IOMMU do?
import type { Next } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { groupLives, isMember, membersOf } from '../state/group.js';
import { frameAt } from '../state/page-table.js';
import { capableOfPasids, programmedDomain } from '../state/pasid.js';
import { BLOCKED, DEFAULT, IDENTITY, NONE, OFF, PAGE_BITS, type Ref, type State, SVA } from '../state.js';
import { at, OURS, operation, type Rule, type The } from './chapter.js';

type Dma = The<'dma'>;
type Capable = The<'capable'>;

/** What DMA through this domain meets. What the kernel or a process has mapped is not known here. */
function through(s: State, o: Dma, ref: Ref): Next<State> {
  if (ref === BLOCKED || ref === OFF) return { outcome: { is: 'fault' }, state: s };
  const identity =
    ref === IDENTITY || (ref === DEFAULT && s.groups[s.devices[o.device]!.home]!.type === 'identity');
  if (identity) return { outcome: { is: 'ok', paddr: o.iova }, state: s };
  // The driver takes the tables of a process off the hardware before the process frees them.
  if (ref <= SVA && !s.mms[SVA - ref]!.alive) return { outcome: { is: 'fault' }, state: s };
  if (ref < 0) return { outcome: { is: 'outside' }, state: s };
  const page = o.iova >> PAGE_BITS;
  const frame = page < BigInt(s.machine.pageSpan) ? frameAt(s, ref, Number(page)) : -1;
  if (frame < 0) return { outcome: { is: 'fault' }, state: s };
  const paddr = (BigInt(frame) << PAGE_BITS) + (o.iova & ((1n << PAGE_BITS) - 1n));
  return { outcome: { is: 'ok', paddr }, state: s };
}

const { must, ends, mayEnd } = operation('dma');

export const dma: readonly Rule<Dma>[] = [
  must(
    'no-device',
    'ENODEV',
    'The device does not exist.',
    (s, o) => s.devices[o.device] === undefined,
    OURS,
  ),
  mayEnd(
    'left-over',
    'A blocking attach returned early: DMA meets a stale translation of the domain before (policy blocking-attach=may-return-early).',
    (s, o) => through(s, o, s.devices[o.device]!.stale),
    (s, o) => o.pasid === null && s.devices[o.device]!.stale !== NONE,
    {
      cite: [
        cite(
          'mail-2022-ppc',
          '"It will turn into a security problem to allow kernel mappings to leak past this point"',
        ),
      ],
      status: 'disputed',
    },
  ),
  ends(
    'pasid',
    'DMA with a PASID is translated by the domain attached to it, and faults if there is none or its address space is dead.',
    (s, o) => {
      const ref = programmedDomain(s, o.device, o.pasid!);
      return ref === NONE ? { outcome: { is: 'fault' }, state: s } : through(s, o, ref);
    },
    (s, o) => o.pasid !== null && o.pasid > 0 && isMember(s, o.device),
    at(
      cite('vt-d', 'scalable mode, PASID table entry'),
      cite('linux-6.12-7.2', 'intel_mm_release, arm_smmu_mm_release'),
      cite('mail-2021', '"a PASID is merely an index into a set of iommu_domains"'),
    ),
  ),
  ends(
    'requester-id',
    'DMA without a PASID is translated by the domain of the device. The mappings of kernel drivers and of firmware are not known here.',
    (s, o) => through(s, o, s.devices[o.device]!.rid),
    undefined,
    at(cite('linux-6.1-7.2', '__iommu_attach_device'), cite('ours', 'ADR-0004: the answer is outside')),
  ),
];

const ofInstance = (s: State, at: number, what: Capable['what']): boolean => {
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

const ofDevice = (s: State, at: number, what: Capable['what']): boolean => {
  if (!isMember(s, at)) return false;
  const d = s.devices[at]!;
  return what === 'pasid' ? capableOfPasids(s, d) : ofInstance(s, d.instance, what);
};

const BETTER = cite('mail-2022', '"better done against the domain or the group object, as appropriate"');
const answered = (s: State, yes: boolean): Next<State> => ({ outcome: { is: 'ok', yes }, state: s });
const asks = operation('capable', cite('linux-6.1-7.2', 'device_iommu_capable'));

export const capable: readonly Rule<Capable>[] = [
  asks.must(
    'no-group',
    'ENODEV',
    'The group does not exist.',
    (s, o) => o.of === 'group' && !groupLives(s, o.at),
    OURS,
  ),
  asks.must(
    'no-domain',
    'ENOENT',
    'The domain was not allocated.',
    (s, o) => o.of === 'domain' && !s.domains.has(o.at),
    OURS,
  ),
  asks.ends(
    'device',
    'A device can do what its IOMMU instance can; one behind no IOMMU, or in no group, can do nothing.',
    (s, o) => answered(s, ofDevice(s, o.at, o.what)),
    (_, o) => o.of === 'device',
  ),
  asks.ends(
    'group',
    'A group can do what all of its devices can.',
    (s, o) =>
      answered(
        s,
        membersOf(s, o.at).every(at => ofDevice(s, at, o.what)),
      ),
    (_, o) => o.of === 'group',
    at(cite('linux-6.12-7.2', 'iommu_group_has_isolated_msi'), BETTER),
  ),
  asks.ends(
    'domain',
    'A domain can do what its IOMMU instance can; one of a bus can do nothing before its first attach.',
    (s, o) => {
      const { kind, instance } = s.domains.get(o.at);
      return answered(s, kind === 'paging' && ofInstance(s, instance, o.what));
    },
    undefined,
    at(BETTER),
  ),
];
