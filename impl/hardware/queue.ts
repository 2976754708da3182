// How do invalidations go through the queue, and what do they take out of the caches?
import { EINVAL } from '../errno.js';
import { canSay, tagsPasids } from './architecture.js';
import { forget } from './caches.js';
import type { Command, CommandOf } from './configuration.js';
import type { Core } from './core.js';
import { fetchAhead } from './unit.js';

/** 0, or -EINVAL: the architecture has no such command. */
export function submit(core: Core, command: Command): number {
  if (!canSay(core.configuration, command)) return -EINVAL;
  core.queue.push(command);
  return 0;
}

export function wait(core: Core): void {
  core.queue.push({ is: 'wait' });
}

/** Waits that have not completed. */
export const waits = (core: Core): number => core.queue.filter(slot => slot.is === 'wait').length;

/** Does what stands before the oldest wait, as late as it may be: 0, or -EINVAL without one. */
export function complete(core: Core): number {
  const behind = core.queue.findIndex(slot => slot.is === 'wait') + 1;
  if (behind === 0) return -EINVAL;
  for (const slot of core.queue.splice(0, behind)) {
    if (slot.is === 'wait') continue;
    execute(core, slot);
    fetchAhead(core);
  }
  return 0;
}

export function execute(core: Core, command: Command): void {
  const { steps } = core;
  switch (command.is) {
    case 'context':
      steps.forgetWays(core, command);
      break;
    case 'process':
      steps.forgetProcesses(core, command);
      break;
    case 'iotlb':
      steps.forgetTranslations(core, command);
      break;
    case 'device-tlb':
      steps.forgetInDevice(core, command);
      break;
  }
}

const all = (asked: number | undefined, value: number): boolean => asked === undefined || asked === value;

/** Which PASID, counted from 1, belongs to the place in the lists of processes. */
const processAt = (core: Core, at: number): number => (at % core.configuration.pasids.length) + 1;
const deviceAt = (core: Core, at: number): number => Math.floor(at / core.configuration.pasids.length);

/** Entries of devices. One that is cached as not present has no tag: a command that names one takes it, too. */
export function forgetWays(core: Core, { tag, device }: CommandOf<'context'>): void {
  const { contexts, processes } = core.caches;
  for (const [at, way] of contexts.entries())
    if (all(device, at) && (way === undefined || way === null || all(tag, way.tag))) contexts[at] = undefined;
  // INVAL_DDT takes the processes of the device along.
  if (core.configuration.architecture !== 'risc-v') return;
  for (const at of processes.keys()) if (all(device, deviceAt(core, at))) processes[at] = undefined;
}

export function forgetProcesses(core: Core, { tag, device, pasid }: CommandOf<'process'>): void {
  const { processes } = core.caches;
  for (const [at, way] of processes.entries()) {
    const named = all(device, deviceAt(core, at)) && all(pasid, at % core.configuration.pasids.length);
    if (named && (way === undefined || way === null || all(tag, way.tag))) processes[at] = undefined;
  }
}

/** The IOTLB, and the structure cache unless only leaves have changed. */
export function forgetTranslations(core: Core, command: CommandOf<'iotlb'>): void {
  const { caches, configuration } = core;
  const { tag, pasid, block, leaf } = command;
  const lists = leaf ? [caches.iotlb] : [caches.iotlb, caches.structures];
  if (tag === undefined && block === undefined) for (const list of lists) list.flush();
  else {
    for (const each of tag === undefined ? caches.tags : [tag])
      for (const process of processesOf(core, pasid, block !== undefined)) {
        const space = caches.spaceOf(each, process);
        for (const list of lists) forget(list, space, block);
      }
  }
  // AMD keeps what it knows of processes with the translations.
  if (configuration.architecture !== 'amd' || block !== undefined) return;
  for (const [at, way] of caches.processes.entries()) {
    const named = pasid === undefined || processAt(core, at) === pasid + 1;
    if (named && (way === undefined || way === null || all(tag, way.tag))) caches.processes[at] = undefined;
  }
}

/** Translations of which processes a command is for: 0 is without one. */
function processesOf(core: Core, pasid: number | undefined, ranged: boolean): readonly number[] {
  const { configuration } = core;
  if (!tagsPasids(configuration)) return [0];
  if (pasid !== undefined) return [pasid + 1];
  // VT-d: with a range and without a PASID, requests without a PASID are meant.
  if (ranged && configuration.architecture === 'vt-d') return [0];
  return [0, ...configuration.pasids.map((_, at) => at + 1)];
}

export function forgetInDevice(core: Core, { device, pasid, block }: CommandOf<'device-tlb'>): void {
  const { caches, configuration } = core;
  const cache = caches.inDevices[device];
  if (cache === null) return;
  const processes = pasid === undefined ? [0, ...configuration.pasids.map((_, at) => at + 1)] : [pasid + 1];
  for (const process of processes) forget(cache, caches.spaceIn(device, process), block);
}
