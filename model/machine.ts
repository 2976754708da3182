// Which profiles have an implementation here, and how is one driven? Law and implementation meet in `machines`.
import type { Policies } from '../spec/law/clause.js';
import type { Failing, Restartable } from './driven.js';
import { Machine as HardwareMachine } from './machines/hardware.js';
import { Machine as IommuCoreMachine } from './machines/iommu-core.js';
import { Machine as SpaprTceMachine } from './machines/spapr-tce.js';
import { Machine as Vfio2011Machine } from './machines/vfio-2011.js';
import { Machine as VfioType1Machine } from './machines/vfio-type1.js';

/** Which profiles have an implementation here, and how one is made. */
const MACHINES: {
  readonly [profile: string]: (setup: never, policies: never) => Restartable;
} = {
  'vfio-type1': (setup, policies) => new VfioType1Machine(setup, policies) as Restartable,
  'vfio-2011': (setup, policies) => new Vfio2011Machine(setup, policies) as Restartable,
  'iommu-core': (setup, policies) => new IommuCoreMachine(setup, policies) as Restartable,
  'spapr-tce': (setup, policies) => new SpaprTceMachine(setup, policies) as Restartable,
  hardware: (setup, policies) => new HardwareMachine(setup, policies) as Restartable,
};

export const hasImplementation = (profile: string): boolean => Object.hasOwn(MACHINES, profile);

/** The built-in implementation of a profile, on the machine that is described. */
export function implementationOf(profile: string, setup: unknown, policies: Policies): Restartable {
  const make = MACHINES[profile];
  if (make === undefined) throw new Error(`profile ${profile} has no implementation`);
  return make(setup as never, policies as never);
}

/** The same, where its driver calls can be counted. */
export function failingImplementationOf(profile: string, setup: unknown, policies: Policies): Failing {
  const machine = implementationOf(profile, setup, policies);
  if (!('stepFailing' in machine)) throw new Error(`the implementation of ${profile} counts no driver calls`);
  return machine as Failing;
}
