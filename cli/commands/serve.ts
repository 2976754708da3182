// How does somebody try a driver before there is a target: the reference, with or without a mistake, or the law alone?
import { LAWS } from '../../conformance/index.js';
import { LawSystem } from '../../conformance/targets/law-system.js';
import { type About, Responder, type System } from '../../conformance/targets/responder.js';
import { lawNamed } from '../../conformance/trace/laws.js';
import { permittedBy } from '../../model/compare/lockstep.js';
import type { Force, Restartable } from '../../model/driven.js';
import type { FaultyMachine } from '../../model/faults/fault.js';
import { FAULT_TABLES } from '../../model/faults/tables.js';
import { hasImplementation, implementationOf } from '../../model/machine.js';
import { WORLDS } from '../../model/worlds.js';
import {
  type AnyOp,
  type AnyProfile,
  canonical,
  type Policies,
  PROFILES,
  RELEASE,
  type View,
} from '../../spec/index.js';
import { ANY } from '../../spec/protocol/target.js';
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { parsePolicies } from '../options.js';
import { converse, listen } from '../targets/serve.js';

export interface ServeOptions {
  readonly law?: boolean;
  readonly seed: number;
  readonly fault?: string;
  readonly policy: readonly string[];
  /** False: answers alone, without the state. */
  readonly state: boolean;
  readonly batch: number;
  readonly listen?: string;
}

type Make = (machine: unknown, policies: Policies) => Restartable;

export async function serve(name: string, options: ServeOptions): Promise<ExitCode> {
  const make = responderFor(name, options);
  if (options.listen === undefined) await converse(process.stdin, process.stdout, make());
  else await listen(options.listen, make, at => process.stderr.write(`listening on ${at}\n`));
  return EXIT.conforms;
}

/** What answers; made anew for each driver. */
export function responderFor(name: string, options: ServeOptions): () => Responder {
  const profile = Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined;
  if (profile === undefined)
    throw new Usage(`unknown profile ${name}; known: ${Object.keys(PROFILES).join(', ')}`);
  const fault = options.fault === undefined ? undefined : faultNamed(name, options.fault);
  if (options.law !== true && !hasImplementation(name))
    throw new Usage(`profile ${name} has no built-in implementation; --law answers from the law alone`);
  const system = (): System =>
    options.law === true
      ? quietly(new LawSystem(profile, options.seed), options.state)
      : new Built(fault?.machine ?? ((m, p) => implementationOf(name, m, p)), options.state);
  const about = aboutOf(profile, fault, options);
  return () => new Responder(lawNamed(LAWS, name), about, system());
}

function aboutOf(profile: AnyProfile, fault: FaultyMachine | undefined, options: ServeOptions): About {
  const { [RELEASE]: release, ...policies } = { ...fixedBy(fault), ...parsePolicies(profile, options) };
  const faults = options.law === true || hasImplementation(profile.name) ? [...permittedBy(profile)] : [];
  return {
    name:
      options.law === true
        ? 'the law itself'
        : `iommu-spec reference${fault === undefined ? '' : `, fault ${fault.id}`}`,
    machine: ANY,
    policies: Object.keys(policies).length === 0 ? ANY : policies,
    ...(profile.releases === undefined ? {} : { release: release ?? ANY }),
    operations: Object.keys(profile.rules),
    reset: 'cheap',
    batch: options.batch,
    faults,
  };
}

/** A fault that shows under a policy that is not its world's own fixes that policy. */
function fixedBy(fault: FaultyMachine | undefined): Policies {
  if (fault?.policies === undefined || Object.keys(fault.policies).length === 0) return {};
  return { ...WORLDS.find(w => w.name === fault.world)?.policies, ...fault.policies };
}

function faultNamed(profile: string, id: string): FaultyMachine {
  const table = FAULT_TABLES.find(t => t.profile === profile);
  const known = (table?.faults ?? []).filter(f => f.in === 'implementation');
  const found = known.find(f => f.id === id);
  if (found !== undefined) return found;
  throw new Usage(
    `${profile} has no seeded fault ${id} of its implementation; it has ${known.map(f => f.id).join(', ')}`,
  );
}

const quietly = (system: System, state: boolean): System =>
  state
    ? system
    : {
        reset: (machine, policies) => system.reset(machine, policies),
        step: (op, fault) => system.step(op, fault),
        view: () => undefined,
      };

/** An implementation, made once for each machine that is asked for, and put back to its start. */
class Built implements System {
  private machine: Restartable | undefined;
  private of = '';

  constructor(
    private readonly make: Make,
    private readonly shows: boolean,
  ) {}

  reset(machine: unknown, policies: Policies): undefined {
    const of = canonical([machine, policies]);
    if (this.machine === undefined || this.of !== of) this.machine = this.make(machine, policies);
    this.of = of;
    this.machine.reset();
    return undefined;
  }

  step(op: AnyOp, fault?: Force): ReturnType<Restartable['step']> {
    return this.machine!.step(op, fault);
  }

  view(): View | undefined {
    return this.shows ? this.machine!.view() : undefined;
  }
}
