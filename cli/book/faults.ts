// How do the seeded faults read as a document?
import type { Fault, FaultTable } from '../../model/faults/fault.js';
import { FAULT_TABLES } from '../../model/faults/tables.js';

/** docs/faults.md: every fault, where it was made before, and what must catch it. */
export function faultsDocument(tables: readonly FaultTable[] = FAULT_TABLES): string {
  const all = tables.flatMap(t => t.faults);
  const historical = all.filter(f => f.source.is === 'history').length;
  return [
    '# Seeded faults',
    '',
    'Written by `npm run docs` from the tables in `model/faults`; do not edit. Run them: `npx iommu-spec faults`.',
    '',
    `${all.length} mistakes that were built in on purpose, ${historical} of them made before by somebody else, and what must`,
    'notice each. A fault that nothing notices is a weakness of ours: the suite gets stronger, never the fault.',
    '',
    ...HOW,
    ...tables.flatMap(chapter),
  ].join('\n');
}

const HOW: readonly string[] = [
  '## Where a mistake is made',
  '',
  '- **implementation**: one step of the built-in implementation is done wrong. The seams are the `steps.ts` of each machine, the',
  '  public calls, and the locks of `impl/iommu-core`, all chosen at construction;',
  '  the fast ways have none.',
  '- **law**: the design has it. A clause is gone or ends in another state.',
  '- **recording**: a kernel that we cannot change has it. A good recording is written again as that kernel would have',
  '  written it.',
  '',
  '## Who notices',
  '',
  '- **exploration**: the broken law breaks a promise in a world. The trace is a shortest one.',
  '- **lockstep**: implementation and law part in a world. Every transition is executed, breadth first, each permitted failure',
  '  at each step that can fail, with a look at what devices see after each; where that finds nothing, 300 seeded random',
  '  walks. What is found is cut down until no call or pair of calls can be left out: the shortest that was found.',
  '- **suite**: a recording of the corpus gets another verdict, or its calls other answers.',
  '- **scheduler**: calls run at the same time, and some interleaving has no order that the law allows. All interleavings of a',
  '  few short histories are tried, of `iommu-core` alone: no other machine has calls that interleave.',
  '',
  '`iommu-spec faults` ends with 0 only if each fault is noticed by the one named here, at the place and after the number of',
  'steps named here, and if a hunt for no fault at all, in the same worlds, notices nothing.',
  '',
  '## Add a fault',
  '',
  'A row in the table of its system: an id, one sentence, the source, the world and what must be seen, and the mistake. A new',
  'profile is a new table in `model/faults/tables.ts`: its law, its worlds, its implementation if it has one. Guess the number',
  'of steps before you run it; if it is another, find out why before you write it down.',
  '',
  '## What is not here',
  '',
  '- Mistakes that show only when calls interleave (a lookup that finds a dying object, an ioctl beside the last detach)',
  '  outside of `iommu-core`: `vfio-2011`, `spapr-tce` and `hardware` run one call at a time.',
  '- Mistakes in fault queues and in iommufd: there is no profile that can state them yet. The same for the descriptors of',
  '  VFIO after 2011 (a device descriptor that does not hold its group, a PASID that is attached and not told of, a container',
  '  left by one way and entered by another).',
  '- What pins memory wrongly (the shared zero page, an address of the user that is not valid any more): memory is named by',
  '  its address. What is freed or unpinned in which order inside one teardown: it is one step.',
  '- Kernel page tables that are freed while an IOTLB has them for a shared process (CVE-2025-71089): whose tables those are,',
  '  `iommu-core` does not know; of tables of a driver it is `cache/table-freed-before-the-flush`. An invalidation for a',
  '  PASID that is blocked already: our flush of a device that is on nothing does nothing.',
  '- A PASID that is attached to a group in which no member has any: the kernel says done, and so does the law',
  '  (`attach_pasid/attached-everywhere`).',
  '- The domain that a device is parked on when it has left its group, which for a device with a direct map must not be the',
  '  blocked one (`release_domain`): what is not in a group is behind nothing here.',
  '- A default domain that is exchanged while a probe attaches the old one outside the lock (Linux commit 556f99ac8866): no',
  '  thread of the races changes a type; that the lock ends too early is `race/default-domain-outside-the-lock`.',
  '- Memory of devices that is pinned like RAM ("Do not pin device memory"): no machine of ours has any. What a guest\'s kernel',
  '  does with an answer: it is not modelled. [spapr-tce.md](spapr-tce.md) goes through the mistakes of the past one by one.',
  '- Entries of page tables that are written in two halves: each write is one step.',
  '- Numbers of causes in fault records (off by one in the RISC-V reference model): in `hardware` an access faults or it does not.',
  '- Ids that are gone with the translator, which had a law of its own: `map/stops-at-the-end-of-a-table`,',
  '  `map/next-table-begins-anew`, `unmap/first-size-for-all`, `unmap/split-begins-anew`, `unmap/split-widens-access` (a map of',
  '  `hardware` is one leaf, and no leaf is split there), `unmap/large-page-goes-whole` (that is right there),',
  '  `map/frame-zero-is-nothing`, `unmap/frame-zero-is-nothing` (no world maps the first page of memory) and',
  '  `iotlb/tag-without-high-bits` (no world has so many pages). All nine are made, and found, in the',
  '  page tables and the cache themselves: `test/impl/paging-faults.test.ts`.',
  '- Slots of command queues and their completion numbers: in `hardware` commands and waits are events.',
  '',
];

function chapter({ profile, faults }: FaultTable): readonly string[] {
  return [`## ${profile}`, '', `${faults.length} faults.`, '', ...faults.flatMap(row), ''];
}

function row(fault: Fault): readonly string[] {
  const { by, shows, steps } = fault.expected;
  const where = fault.world === undefined ? '' : ` in \`${fault.world}\``;
  const under = Object.entries(fault.policies ?? {}).map(([name, value]) => `, ${name}=${value}`);
  const source = fault.source.is === 'history' ? fault.source.at : `Synthetic: ${fault.source.at}`;
  return [
    `- **\`${fault.id}\`** (${fault.in}): ${fault.says}`,
    `  Caught by ${by}${where}${under.join('')} at \`${shows}\`, ${steps} ${steps === 1 ? 'step' : 'steps'}. _[${source}]_`,
  ];
}
