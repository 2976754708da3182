// What is the small model in Promela, for SPIN? The same calls with the same conditions, written out.

/** Kinds of handles and drivers of devices, as numbers. */
const GROUP = 1;
const IOMMU = 2;
const DEVICE = 3;

/** The text for one size. Every call is one guarded deterministic step, so it is one transition. */
export function promelaOf(groups: number, devices: number, slots: number): string {
  const G = upTo(groups);
  const D = upTo(devices);
  const F = upTo(slots);
  const any = (all: readonly string[]): string => `(${all.join(' || ')})`;
  const open = (kind: number, target: number | string): string =>
    any(F.map(f => `(kind[${f}] == ${kind} && target[${f}] == ${target})`));
  const home = (d: number): number => d % groups;
  const inUse = (set: string): string =>
    any([open(IOMMU, set), ...D.map(d => `(set[${home(d)}] == ${set} && ${open(DEVICE, d)})`)]);
  const viable = (set: string): string =>
    `!${any(D.map(d => `(driver[${d}] == 1 && set[${home(d)}] == ${set})`))}`;
  const exists = (g: number): string =>
    any([
      ...D.filter(d => home(d) === g).map(d => `driver[${d}] != 0 || ${open(DEVICE, d)}`),
      open(GROUP, g),
      open(IOMMU, g),
    ]);
  const merged = (g: number): string =>
    groups === 1 ? 'false' : any(G.filter(h => h !== g).map(h => `set[${h}] == set[${g}]`));
  const step = (guard: string, ...effects: readonly string[]): string =>
    `  :: d_step { ${guard} -> ${effects.join('; ')} }`;
  const opened = (f: number, kind: number, target: string): string =>
    `kind[${f}] = ${kind}; target[${f}] = ${target}`;
  const steps = [
    ...F.flatMap(f => [
      ...G.map(g => step(`kind[${f}] == 0 && ${exists(g)}`, opened(f, GROUP, `${g}`))),
      ...G.map(g =>
        step(`kind[${f}] == 0 && ${open(GROUP, g)} && ${viable(`set[${g}]`)}`, opened(f, IOMMU, `set[${g}]`)),
      ),
      ...D.map(d =>
        step(
          `kind[${f}] == 0 && driver[${d}] == 2 && ${open(GROUP, home(d))} && ${viable(`set[${home(d)}]`)}`,
          opened(f, DEVICE, `${d}`),
        ),
      ),
      step(
        `kind[${f}] != 0`,
        `if :: kind[${f}] == ${DEVICE} -> t = set[target[${f}] % ${groups}] :: else -> t = set[target[${f}]] fi`,
        `kind[${f}] = 0; target[${f}] = 0`,
        `if :: mapped[t] && !${inUse('t')} -> mapped[t] = 0 :: else fi`,
        't = 0',
      ),
    ]),
    ...G.flatMap(a =>
      G.filter(b => b !== a).map(b =>
        step(
          `${open(GROUP, a)} && ${open(GROUP, b)} && set[${a}] != set[${b}] && !${inUse(`set[${a}]`)} && !${inUse(`set[${b}]`)}`,
          `t = set[${a}]; u = set[${b}]`,
          ...G.map(g => `if :: set[${g}] == t || set[${g}] == u -> set[${g}] = (t < u -> t : u) :: else fi`),
          't = 0; u = 0',
        ),
      ),
    ),
    ...G.flatMap(g => [
      step(
        `${open(GROUP, g)} && ${merged(g)} && !${inUse(`set[${g}]`)}`,
        `t = set[${g}]; u = 255`,
        ...G.filter(h => h !== g).map(h => `if :: set[${h}] == t && u == 255 -> u = ${h} :: else fi`),
        ...G.filter(h => h !== g).map(h => `if :: set[${h}] == t -> set[${h}] = u :: else fi`),
        `set[${g}] = ${g}; t = 0; u = 0`,
      ),
      step(`!mapped[set[${g}]] && ${inUse(`set[${g}]`)}`, `mapped[set[${g}]] = 1`),
      step(`mapped[set[${g}]]`, `mapped[set[${g}]] = 0`),
    ]),
    ...D.flatMap(d => [
      step(`driver[${d}] == 1`, `driver[${d}] = 2`),
      step(`driver[${d}] == 2 && !${open(DEVICE, d)}`, `driver[${d}] = 1`),
      step(`driver[${d}] == 0`, `driver[${d}] = 1`),
      step(`driver[${d}] != 0 && !${open(DEVICE, d)}`, `driver[${d}] = 0`),
    ]),
  ];
  const promises = [
    ...G.map(g => `(!mapped[${g}] || ${inUse(`${g}`)})`),
    ...G.map(g => `(set[${g}] <= ${g} && set[set[${g}]] == set[${g}])`),
    ...D.map(d => `(!${open(DEVICE, d)} || driver[${d}] == 2)`),
    ...G.map(g => `(!${open(IOMMU, g)} || set[${g}] == ${g})`),
  ];
  return `/* The small model of the 2011 design: ${groups} groups, ${devices} devices, ${slots} descriptors. */
byte driver[${devices}]; /* 0 absent, 1 unbound, 2 vfio */
byte set[${groups}];
bool mapped[${groups}];
byte kind[${slots}]; /* 0 free, 1 group, 2 iommu, 3 device */
byte target[${slots}];
hidden byte t; hidden byte u;
active proctype machine() {
  d_step { ${G.map(g => `set[${g}] = ${g}`).join('; ')} }
  do
${steps.join('\n')}
  od
}
#ifdef CHECK
active proctype monitor() { assert(${promises.join(' && ')}) }
#endif
`;
}

const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
