// What is the small model in Promela, for SPIN? The same calls with the same conditions, written out.

/** Kinds of handles and drivers of devices, as numbers. */
const GROUP = 1;
const IOMMU = 2;
const DEVICE = 3;

/** Conditions over the variables of the model, as Promela expressions. */
interface Words {
  readonly groups: number;
  readonly devices: number;
  readonly slots: number;
  open(kind: number, target: number | string): string;
  home(device: number): number;
  inUse(set: string): string;
  viable(set: string): string;
  exists(group: number): string;
  merged(group: number): string;
}

const any = (all: readonly string[]): string => `(${all.join(' || ')})`;

function wordsOf(groups: number, devices: number, slots: number): Words {
  const D = upTo(devices);
  const home = (d: number): number => d % groups;
  const open = (kind: number, target: number | string): string =>
    any(upTo(slots).map(f => `(kind[${f}] == ${kind} && target[${f}] == ${target})`));
  return {
    groups,
    devices,
    slots,
    open,
    home,
    inUse: set => any([open(IOMMU, set), ...D.map(d => `(set[${home(d)}] == ${set} && ${open(DEVICE, d)})`)]),
    viable: set => `!${any(D.map(d => `(driver[${d}] == 1 && set[${home(d)}] == ${set})`))}`,
    exists: g =>
      any([
        ...D.filter(d => home(d) === g).map(d => `driver[${d}] != 0 || ${open(DEVICE, d)}`),
        open(GROUP, g),
        open(IOMMU, `set[${g}]`),
      ]),
    merged: g =>
      groups === 1
        ? 'false'
        : any(
            upTo(groups)
              .filter(h => h !== g)
              .map(h => `set[${h}] == set[${g}]`),
          ),
  };
}

const step = (guard: string, ...effects: readonly string[]): string =>
  `  :: d_step { ${guard} -> ${effects.join('; ')} }`;

/** Calls that take or give up descriptor `f`. */
function onDescriptor(w: Words, f: number): readonly string[] {
  const opened = (kind: number, target: string): string => `kind[${f}] = ${kind}; target[${f}] = ${target}`;
  const free = `kind[${f}] == 0`;
  return [
    ...upTo(w.groups).map(g => step(`${free} && ${w.exists(g)}`, opened(GROUP, `${g}`))),
    ...upTo(w.groups).map(g =>
      step(`${free} && ${w.open(GROUP, g)} && ${w.viable(`set[${g}]`)}`, opened(IOMMU, `set[${g}]`)),
    ),
    ...upTo(w.devices).map(d =>
      step(
        `${free} && driver[${d}] == 2 && ${w.open(GROUP, w.home(d))} && ${w.viable(`set[${w.home(d)}]`)}`,
        opened(DEVICE, `${d}`),
      ),
    ),
    step(
      `kind[${f}] != 0`,
      `if :: kind[${f}] == ${DEVICE} -> t = set[target[${f}] % ${w.groups}] :: else -> t = set[target[${f}]] fi`,
      `kind[${f}] = 0; target[${f}] = 0`,
      `if :: mapped[t] && !${w.inUse('t')} -> mapped[t] = 0 :: else fi`,
      't = 0',
    ),
  ];
}

/** Calls on group `a`: merge with each other one, unmerge, map, unmap. */
function onGroup(w: Words, a: number): readonly string[] {
  const others = upTo(w.groups).filter(g => g !== a);
  const mine = `set[${a}]`;
  return [
    ...others.map(b =>
      step(
        `${w.open(GROUP, a)} && ${w.open(GROUP, b)} && ${mine} != set[${b}] && !${w.inUse(mine)} && !${w.inUse(`set[${b}]`)}`,
        `t = ${mine}; u = set[${b}]`,
        ...upTo(w.groups).map(
          g => `if :: set[${g}] == t || set[${g}] == u -> set[${g}] = (t < u -> t : u) :: else fi`,
        ),
        't = 0; u = 0',
      ),
    ),
    step(
      `${w.open(GROUP, a)} && ${w.merged(a)} && !${w.inUse(mine)}`,
      `t = ${mine}; u = 255`,
      ...others.map(h => `if :: set[${h}] == t && u == 255 -> u = ${h} :: else fi`),
      ...others.map(h => `if :: set[${h}] == t -> set[${h}] = u :: else fi`),
      `${mine} = ${a}; t = 0; u = 0`,
    ),
    step(`!mapped[${mine}] && ${w.inUse(mine)}`, `mapped[${mine}] = 1`),
    step(`mapped[${mine}]`, `mapped[${mine}] = 0`),
  ];
}

/** Calls on device `d`: bind, unbind, add, remove. */
const onDevice = (w: Words, d: number): readonly string[] => [
  step(`driver[${d}] == 1`, `driver[${d}] = 2`),
  step(`driver[${d}] == 2 && !${w.open(DEVICE, d)}`, `driver[${d}] = 1`),
  step(`driver[${d}] == 0`, `driver[${d}] = 1`),
  step(`driver[${d}] != 0 && !${w.open(DEVICE, d)}`, `driver[${d}] = 0`),
];

/** The text for one size. Every call is one guarded deterministic step, so it is one transition. */
export function promelaOf(groups: number, devices: number, slots: number): string {
  const words = wordsOf(groups, devices, slots);
  const steps = [
    ...upTo(slots).flatMap(f => onDescriptor(words, f)),
    ...upTo(groups).flatMap(g => onGroup(words, g)),
    ...upTo(devices).flatMap(d => onDevice(words, d)),
  ];
  return `/* The small model of the 2011 design: ${groups} groups, ${devices} devices, ${slots} descriptors. */
byte driver[${devices}]; /* 0 absent, 1 unbound, 2 vfio */
byte set[${groups}];
bool mapped[${groups}];
byte kind[${slots}]; /* 0 free, 1 group, 2 iommu, 3 device */
byte target[${slots}];
hidden byte t; hidden byte u;
active proctype machine() {
  d_step { ${upTo(groups)
    .map(g => `set[${g}] = ${g}`)
    .join('; ')} }
  do
${steps.join('\n')}
  od
}
`;
}

function upTo(n: number): readonly number[] {
  return Array.from({ length: n }, (_, i) => i);
}
