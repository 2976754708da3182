// What goes wrong in the hardware itself, when it keeps, forgets and checks?
import { found, keep } from '../../../impl/hardware/caches.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { fault, steps, toldBy } from './seed.js';

export const unitFaults: readonly FaultyMachine[] = [
  fault(
    'iotlb/access-not-checked-on-a-hit',
    'The rights of a translation that is cached are not looked at.',
    history('QEMU, VT-d model: a permission that fails at a hit of the IOTLB'),
    ['hw-entries', 'outcome.is', 4],
    steps(() => ({ permits: () => true })),
  ),
  fault(
    'iotlb/absence-is-remembered',
    'What is not mapped is cached where nobody is told to flush it after a map.',
    synthetic('caching mode in a machine that says it has none'),
    ['hw-entries', 'outcome.is', 3],
    () => ({ built: { cachingMode: true } }),
  ),
  fault(
    'iotlb/tag-without-domain',
    'Translations are told apart by their page alone.',
    synthetic('a tag that leaves out a part of the key'),
    ['hw-contexts', 'outcome.is', 4],
    steps(own => ({ spaceOf: (core, _, process) => own.spaceOf(core, 1, process) })),
  ),
  fault(
    'iotlb/large-leaf-not-flushed',
    'The flush has the class of small pages only, so a large leaf stays cached.',
    history('Linux, "iommu/vt-d: Flush piotlb for SVM and Nested domain"'),
    ['hw-entries', 'outcome.is', 7],
    steps(own => ({
      forgetTranslations: (core, command) => {
        const { page } = command.block ?? { page: 0 };
        const space = own.spaceOf(core, command.tag ?? 0, 0);
        const line = found(core.caches.iotlb, space, page);
        own.forgetTranslations(core, command);
        if (line !== null && line.size > 0) keep(core.caches.iotlb, space, page, line);
      },
    })),
  ),
  fault(
    'iotlb/pasids-mixed-up',
    'Translations of a PASID are kept under the domain alone.',
    synthetic('a tag that leaves out a part of the key'),
    ['hw-amd', 'outcome.is', 8],
    steps(own => ({ spaceOf: (core, tag) => own.spaceOf(core, tag, 0) })),
  ),
  fault(
    'iotlb/class-of-the-domain',
    'Translations with a PASID are flushed by the class of command that is for those without.',
    history('Linux, "iommu/vt-d: Flush piotlb for SVM and Nested domain"'),
    ['hw-amd', 'outcome.is', 8],
    steps(own => ({
      forgetTranslations: (core, command) => {
        const { pasid, ...rest } = command;
        if (pasid === undefined) own.forgetTranslations(core, command);
        else own.forgetTranslations(core, { ...rest, block: { page: 0, order: 52 } });
      },
    })),
  ),
  fault(
    'iotlb/tag-valid-bit',
    'A command without a tag is taken for one with tag 0: its valid bit is not looked at.',
    history('RISC-V IOMMU reference model: the valid bits GV and PSCV of IOTINVAL'),
    ['hw-unordered', 'outcome.is', 7],
    steps(own => ({
      forgetTranslations: (core, command) =>
        own.forgetTranslations(core, { ...command, tag: command.tag ?? 0 }),
    })),
  ),
  fault(
    'context/of-one-device-passed-over',
    'A flush of the entry of one device does nothing; only that of all entries does.',
    synthetic('the class is not built'),
    ['hw-contexts', 'outcome.is', 8],
    steps(own => ({
      forgetWays: (core, command) => {
        if (command.device === undefined) own.forgetWays(core, command);
      },
    })),
  ),
  fault(
    'context/absent-entry-stays',
    'An entry that was cached as not present stays after its flush.',
    synthetic('only what is valid is looked at'),
    ['hw-caching-mode', 'outcome.is', 3],
    steps(own => ({
      forgetWays: (core, command) => {
        const before = [...core.caches.contexts];
        own.forgetWays(core, command);
        for (const [at, way] of before.entries()) if (way === null) core.caches.contexts[at] = null;
      },
    })),
  ),
  toldBy(
    'accept/hardware-riscv-a-context-goes-with-its-processes.jsonl',
    16,
    fault(
      'context/processes-stay',
      'A flush of the entry of a device leaves the entries of its processes.',
      history('RISC-V IOMMU reference model: a missing PDT invalidation on a DDT change'),
      ['hw-processes', '', 0],
      steps(own => ({
        forgetWays: (core, command) => {
          const before = [...core.caches.processes];
          own.forgetWays(core, command);
          for (const [at, way] of before.entries()) core.caches.processes[at] = way;
        },
      })),
    ),
  ),
  fault(
    'process/class-not-built',
    'A flush of the entry of one process does nothing.',
    synthetic('the class is not built'),
    ['hw-processes', 'outcome.is', 10],
    steps(() => ({ forgetProcesses: () => {} })),
  ),
];
