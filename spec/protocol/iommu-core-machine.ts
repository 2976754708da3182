// Which machine does a recording of iommu-core describe: IOMMU instances, devices behind them, and their groups?
import * as t from 'io-ts';
import { closed, type Defect, Hex64, list, text, whole, word } from './codec.js';

const index = (name: string) => whole(name, 0, 65_535);
const rid = whole('requester id', 0, 0xffff);
/** How many PASIDs there are, 0 among them; 0: PASIDs are not supported. */
const pasids = whole('number of PASIDs', 0, 1 << 20);

/** One IOMMU: one for each host bridge is normal. */
const Instance = closed(
  'instance',
  {
    /** Who drives it: only domains of the same driver are of use. */
    driver: text('driver', 32),
    /** Has the driver a static blocked domain, which can always be attached, also to PASIDs? */
    blocked: t.boolean,
    /** Has the driver a static identity domain? */
    identity: t.boolean,
    /** Bit n: leaves of 2^n bytes. The lowest bit is the smallest page. */
    pageSizes: Hex64,
    /** Width of the IOVA in bits. */
    iovaBits: whole('bits', 12, 48),
    /** IOMMU_CAP_CACHE_COHERENCY: DMA through it snoops the caches. */
    coherent: t.boolean,
    /** IOMMU_CAP_ENFORCE_CACHE_COHERENCY: a domain can be switched to force snooping. */
    enforces: t.boolean,
    /** IOMMU_CAP_DIRTY_TRACKING. */
    dirty: t.boolean,
    /** Interrupts of its devices are isolated. */
    msi: t.boolean,
    pasids,
    /** Aux domains, Linux 5.1 to 5.17: scalable mode with IOMMU_DEV_FEAT_AUX. */
    aux: t.boolean,
  },
  {
    /** Whose page-table code it runs, where that decides; left out: vtd. The release says which code that is. */
    tables: word('vtd', 'amd', 'arm'),
    /** Its driver takes a device off its domain before it tries another, as VT-d and AMD do; left out: it looks first. */
    loses: t.literal(true),
  },
);

/**
 * Every device that ever exists. `group` is the isolation group that its requester id and aliases put it in.
 * A mediated device has a `parent` and no instance.
 */
const Device = closed('device', {
  name: text('device name', 64),
  bus: index('bus'),
  instance: t.union([index('instance'), t.null]),
  group: index('group'),
  rid,
  /** Other requester ids that its DMA may carry, behind bridges for instance. */
  aliases: list(rid),
  pasids,
  /** Firmware needs a 1:1 mapping for it all the time (IOMMU_RESV_DIRECT). */
  direct: t.boolean,
  /** The kernel before left its DMA running: its first attach is put off until its driver maps. */
  deferred: t.boolean,
  /** What its driver asks the default domain to be (def_domain_type). */
  wants: word('any', 'dma', 'identity'),
  parent: t.union([index('device'), t.null]),
});

/**
 * The machine that a recording was taken on. Instances, devices and groups are named by their position ever
 * after; a position past the end is a name that nobody knows. At the start no device has been probed.
 */
export const Machine = closed('machine', {
  instances: list(Instance),
  /** How many isolation groups there can be. */
  groups: whole('groups', 0, 65_536),
  devices: list(Device),
  /** What a default domain is if no device asks for something else (iommu.passthrough, iommu.strict). */
  defaultType: word('dma', 'dma-fq', 'identity'),
  /** How many address spaces there are for SVA. */
  mms: whole('address spaces', 0, 65_536),
});
export type Machine = t.TypeOf<typeof Machine>;

const MOST = { instances: 256, devices: 1024 } as const;

/** What is wrong with a machine whose every part is well formed. */
export function machineFits(machine: Machine): Defect | undefined {
  for (const list of ['instances', 'devices'] as const) {
    const most = MOST[list];
    if (machine[list].length > most)
      return { path: list, reason: `at most ${most}, got ${machine[list].length}` };
  }
  if (machine.groups > MOST.devices) return { path: 'groups', reason: `at most ${MOST.devices}` };
  for (const [at, i] of machine.instances.entries()) {
    if ((i.pageSizes & 0xfffn) !== 0n || i.pageSizes === 0n)
      return { path: `instances.${at}.pageSizes`, reason: 'a page has 4 KiB or more, and there is a size' };
  }
  for (const at of machine.devices.keys()) {
    const defect = deviceFits(machine, at);
    if (defect !== undefined) return defect;
  }
  return aliasesFit(machine);
}

function deviceFits(machine: Machine, at: number): Defect | undefined {
  const d = machine.devices[at]!;
  const defect = (field: string, reason: string): Defect => ({ path: `devices.${at}.${field}`, reason });
  if (d.group >= machine.groups) return defect('group', `there are only ${machine.groups} groups`);
  if (d.instance !== null && d.instance >= machine.instances.length)
    return defect('instance', `there are only ${machine.instances.length} instances`);
  const other = machine.devices.findIndex(o => o.group === d.group && o.instance !== d.instance);
  if (other >= 0) return defect('instance', `device ${other} of the same group is behind another one`);
  if (d.parent === null) return undefined;
  const parent = machine.devices[d.parent];
  if (parent === undefined || parent.parent !== null || d.parent === at)
    return defect('parent', 'a parent is a device that is not mediated itself');
  if (d.instance !== null) return defect('instance', 'a mediated device is behind no IOMMU of its own');
  if (machine.devices.some((other, i) => i !== at && other.group === d.group))
    return defect('group', 'a mediated device is alone in its group');
  return undefined;
}

/** Devices of one bus that the IOMMU cannot tell apart are in one group. */
function aliasesFit(machine: Machine): Defect | undefined {
  const home = new Map<string, number>();
  for (const [at, d] of machine.devices.entries()) {
    if (d.instance === null) continue;
    for (const id of [d.rid, ...d.aliases]) {
      const key = `${d.instance}:${id}`;
      const other = home.get(key) ?? d.group;
      if (other !== d.group)
        return { path: `devices.${at}.aliases`, reason: `requester id ${id} is also that of group ${other}` };
      home.set(key, d.group);
    }
  }
  return undefined;
}
