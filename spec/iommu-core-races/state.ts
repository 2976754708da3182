// What do threads in the IOMMU core see of each other, and how does a race start?
import type { Op as AnyOp, Machine } from '../protocol/iommu-core-races.js';
import type { PolicyValues } from './policies.js';

export type Op = AnyOp;
export type Setup = Machine;

export interface Device {
  /** Its memory: not there yet, there, given back. */
  readonly memory: 'none' | 'live' | 'freed';
  /** References of the memory; the bus has one. */
  readonly refs: number;
  /** What its IOMMU driver keeps for it. */
  readonly data: 'none' | 'live' | 'freed';
  readonly member: boolean;
  /** Is a driver bound, that unplug has to take off first. */
  readonly bound: boolean;
  /** Who holds its mutex, -1: nobody. */
  readonly lock: number;
  /** The group object that it joined, 0: none. */
  readonly object: number;
  /** What its hardware is on: the number of a default domain, `-1` the user's, 0: nothing. */
  readonly domain: number;
  /** Its entry in the list of the user's domain; `off`: not in the list any more, and not freed yet. */
  readonly link: 'none' | 'live' | 'off' | 'freed';
  /** Has it a translation of the user's page in its own TLB. */
  readonly cached: boolean;
}

export interface Thread {
  readonly does: Machine['threads'][number]['does'];
  readonly device: number;
  /** The device that the caller has open, -1: none. */
  readonly open: number;
  /** How many steps of its program it has made. */
  readonly at: number;
  /** The device that it has found, -1: none. */
  readonly found: number;
  /** The group object that it has found or made, 0: none. */
  readonly object: number;
  /** Does it believe that the group has no default domain. */
  readonly needs: boolean;
}

export interface State {
  readonly devices: readonly Device[];
  readonly threads: readonly Thread[];
  readonly group: {
    /** References: one for each member, one for each caller that holds it. */
    readonly refs: number;
    readonly freed: boolean;
    /** Who holds its mutex, -1: nobody. */
    readonly lock: number;
    /** The object that a look-up finds, 0: none; and how many were ever made. */
    readonly object: number;
    readonly objects: number;
    /** Its default domain, 0: none; and how many were ever made. */
    readonly default: number;
    readonly defaults: number;
  };
  readonly world: {
    readonly probeLock: number;
    readonly domainLock: number;
    /** Is the user's page mapped. */
    readonly mapped: boolean;
    /** What freed memory somebody has used. */
    readonly used: 'nothing' | 'device' | 'data' | 'group' | 'link';
  };
}

export const USER = -1;

export function initial(setup: Setup, policies: PolicyValues): State {
  const members = setup.devices.filter(d => d.present).length;
  const holders =
    policies['attach-by'] === 'group' ? setup.threads.filter(t => t.does === 'attach').length : 0;
  const there = members > 0;
  return {
    devices: setup.devices.map(d => ({
      memory: d.present ? 'live' : 'none',
      refs: d.present ? 1 : 0,
      data: d.present ? 'live' : 'none',
      member: d.present,
      bound: d.present,
      lock: -1,
      object: d.present ? 1 : 0,
      domain: d.attached ? USER : d.present ? 1 : 0,
      link: d.attached ? 'live' : 'none',
      cached: d.attached,
    })),
    threads: setup.threads.map(t => ({
      does: t.does,
      device: t.device,
      open: t.open ?? -1,
      at: 0,
      found: -1,
      object: 0,
      needs: false,
    })),
    group: {
      refs: members + holders,
      freed: false,
      lock: -1,
      object: there ? 1 : 0,
      objects: there ? 1 : 0,
      default: there ? 1 : 0,
      defaults: there ? 1 : 0,
    },
    world: { probeLock: -1, domainLock: -1, mapped: true, used: 'nothing' },
  };
}
