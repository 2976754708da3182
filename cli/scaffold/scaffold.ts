// What does a first target look like, in this language and for this profile?
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const LANGUAGES = ['c', 'rust', 'python', 'typescript'] as const;
export type Language = (typeof LANGUAGES)[number];

/** A file of a target, by its name in the new folder. */
export interface ScaffoldFile {
  readonly name: string;
  readonly text: string;
}

export interface Scaffold {
  readonly files: readonly ScaffoldFile[];
  /** How it is built, a command a line; nothing where nothing is built. */
  readonly build: readonly string[];
  /** The target's name for `run --target`, seen from the new folder. */
  readonly target: string;
}

/** The smallest machine with which a first call can be answered, and the calls that the scaffold answers. */
const FIRST: {
  readonly [profile: string]: { readonly machine: object; readonly operations: readonly string[] };
} = {
  'vfio-type1': {
    machine: {
      iommus: [{ driver: 'vtd', aperture: { start: '0x0', end: '0xffffffffffff' }, pageSizes: '0x40201000' }],
      groups: [{ id: 7, behind: 0 }],
      devices: [{ name: '0000:00:04.0', group: 0, driver: 'vfio' }],
      mms: [{ lockLimit: null, memory: [{ start: '0x200000000', size: '0x100000', prot: 'rw' }] }],
    },
    operations: ['open_container', 'close'],
  },
  'vfio-2011': {
    machine: {
      groups: [{ bus: 'pci', id: 7, coherent: true }],
      devices: [{ name: '0000:00:04.0', group: 0, driver: 'vfio' }],
      mms: [{ lockLimit: null }],
      timeout: 0,
    },
    operations: ['open_group', 'get_context'],
  },
  'iommu-core': {
    machine: { instances: [], groups: 1, devices: [], defaultType: 'dma', mms: 1 },
    operations: ['capable'],
  },
  'spapr-tce': {
    machine: {
      platform: 'pseries',
      pageShift: 16,
      bypass: '0x0',
      bridges: [{ iommu: true, deviceGroup: true }],
      groups: [],
      devices: [{ name: '0000:00:04.0', bridge: 0, group: null, present: false }],
      mms: [],
      memory: [],
      guest: null,
    },
    operations: ['capable'],
  },
  hardware: {
    machine: {
      architecture: 'vt-d',
      cachingMode: false,
      nonLeafRange: true,
      lazy: false,
      levels: 1,
      bits: 1,
      devices: [{ name: '0000:00:04.0', ats: false }],
      pasids: [],
      tables: [{ free: false }],
      spaces: [],
    },
    operations: ['wait', 'complete'],
  },
};

/** The profiles that a scaffold can be had for, the default first. */
export const SCAFFOLDED: readonly string[] = Object.keys(FIRST);

const TEMPLATES = new URL('../../../cli/scaffold/templates/', import.meta.url);
const template = (language: Language, name: string): string =>
  readFileSync(fileURLToPath(new URL(`${language}/${name}.template`, TEMPLATES)), 'utf8');

const ENDING: { readonly [L in Language]: string } = { c: 'c', rust: 'rs', python: 'py', typescript: 'ts' };

/** How a text is written down as a literal, where the template has no quotes of its own. */
const literal = (language: Language, text: string): string =>
  language === 'c' ? JSON.stringify(text) : text;

/** The lines that choose a function by the operation; languages that look names up have none. */
function dispatch(language: Language, operations: readonly string[]): string {
  switch (language) {
    case 'c':
      return operations.map(op => `\tif (is(op, "op", "${op}")) return ${cName(op)}(op);`).join('\n');
    case 'rust':
      return operations
        .map(op => `        if is(op, "op", "${op}") {\n            return self.${op}(op);\n        }`)
        .join('\n');
    default:
      return '';
  }
}

/** C's library has functions of those names. */
const cName = (op: string): string => (op === 'close' || op === 'wait' ? `${op}_` : op);

function filled(language: Language, name: string, profile: string): string {
  const { machine, operations } = FIRST[profile]!;
  const values: { readonly [mark: string]: string } = {
    PROFILE: profile,
    MACHINE: literal(language, JSON.stringify(machine)),
    OPERATIONS: literal(language, JSON.stringify(operations)),
    CALLS: template(language, `${profile}.${ENDING[language]}`).trimEnd(),
    DISPATCH: dispatch(language, operations),
  };
  return template(language, name).replaceAll(/@([A-Z]+)@/g, (mark, key: string) => values[key] ?? mark);
}

/** The files of a first target, and how it is built and judged. `profile` is one of `SCAFFOLDED`. */
export function scaffold(language: Language, profile: string): Scaffold {
  const file = (name: string): ScaffoldFile => ({ name, text: filled(language, name, profile) });
  switch (language) {
    case 'c':
      return {
        files: [file('target.c')],
        build: ['cc -O2 -Wall -o target target.c'],
        target: 'exec:./target',
      };
    case 'rust':
      return {
        files: [file('Cargo.toml'), file('main.rs')],
        build: ['cargo build --release --offline'],
        target: 'exec:./target/release/target',
      };
    case 'python':
      return { files: [file('target.py')], build: [], target: 'exec:python3 target.py' };
    case 'typescript':
      return {
        files: [file('target.ts'), file('package.json')],
        build: [
          'npx -p typescript tsc target.ts --target es2022 --module nodenext --moduleResolution nodenext --strict',
        ],
        target: 'module:./target.js',
      };
  }
}
