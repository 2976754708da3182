// How do the vectors of structures travel: as JSON, as a C header, and as a module of Rust?
import type { Language } from '../formats/written.js';
import type { Does, Flaw, Structure } from './structure.js';
import { type StructureVector, vectorsOfStructure } from './vectors.js';

const SAYS: readonly (Does | Flaw)[] = [
  ...(['points', 'blocks', 'passes', 'first', 'second', 'nested', 'reports'] as const),
  ...(['not-present', 'reserved', 'invalid'] as const),
];

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const saysOf = ({ expect }: StructureVector): Does | Flaw => (expect.is === 'flaw' ? expect.flaw : expect.is);
const valuesOf = ({ expect }: StructureVector): readonly (readonly [string, bigint])[] =>
  expect.is === 'flaw' ? [] : Object.entries(expect.values);

/** The text of a file with the vectors of these structures. */
export function structuresWritten(structures: readonly Structure[], language: Language): string {
  if (language === 'json') return asJson(structures);
  return language === 'c' ? asC(structures) : asRust(structures);
}

function asJson(structures: readonly Structure[]): string {
  const all = structures.map(s => ({
    name: s.name,
    title: s.title,
    cite: s.cite,
    notes: s.notes,
    words: s.words,
    vectors: vectorsOfStructure(s).map(v => ({
      name: v.name,
      words: v.words.map(hex),
      says: saysOf(v),
      code: v.code,
      values: Object.fromEntries(valuesOf(v).map(([name, value]) => [name, hex(value)])),
    })),
  }));
  return `${JSON.stringify({ vectors: 1, structures: all }, null, 1)}\n`;
}

const upper = (what: string): string => what.toUpperCase().replaceAll('-', '_');
const camel = (what: string): string =>
  what.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

const sources = (s: Structure): readonly string[] => [
  `${s.name}: ${s.title}`,
  ...s.cite.map(({ source, at }) => `  ${source}: ${at}`),
  ...s.notes.map(note => `  ${note}`),
];

const C_HEAD = `#ifndef IOMMU_SPEC_STRUCTURES_H
#define IOMMU_SPEC_STRUCTURES_H
#include <stdint.h>

/* What an entry does with a request, or what is wrong with it. */
enum iommu_says {
${SAYS.map(s => `\tIOMMU_SAYS_${upper(s)},`).join('\n')}
};

struct iommu_value { const char *name; uint64_t value; };

/* One entry in words of 64 bits, and what it says. */
struct iommu_structure_vector {
	const char *structure, *name;
	uint64_t words[8];
	enum iommu_says says;
	/* the number in the fault record or event, -1: none */
	int code;
	/* what hardware takes from it */
	const struct iommu_value *values;
	unsigned int count;
};
`;

const C_FOOT = `
#define IOMMU_STRUCTURE_VECTORS (sizeof(iommu_structure_vectors) / sizeof(iommu_structure_vectors[0]))

#endif
`;

function asC(structures: readonly Structure[]): string {
  const all = structures.flatMap(s => vectorsOfStructure(s).map(v => ({ s, v })));
  const values = all.map(({ v }, i) => {
    const mine = valuesOf(v).map(([name, value]) => `{ "${name}", ${hex(value)} }`);
    return mine.length === 0
      ? ''
      : `static const struct iommu_value iommu_values_${i}[] = { ${mine.join(', ')} };\n`;
  });
  const rows = all.map(({ s, v }, i) => {
    const count = valuesOf(v).length;
    const taken = count === 0 ? '0, 0' : `iommu_values_${i}, ${count}`;
    const words = `{ ${v.words.map(hex).join(', ')} }`;
    return `\t{ "${s.name}", "${v.name}", ${words}, IOMMU_SAYS_${upper(saysOf(v))}, ${v.code ?? -1}, ${taken} },\n`;
  });
  const told = structures.flatMap(sources).map(line => ` * ${line.replaceAll('*/', '* /')}\n`);
  return [
    `/*\n * Which words of root, context, device and PASID entries say what?\n * Written by iommu-spec vectors --of structures --format c.\n${told.join('')} */\n`,
    C_HEAD,
    '\n',
    ...values,
    '\nstatic const struct iommu_structure_vector iommu_structure_vectors[] = {\n',
    ...rows,
    '};\n',
    C_FOOT,
  ].join('');
}

const RUST_HEAD = `#[allow(dead_code)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
${SAYS.map(s => `    ${camel(s)},`).join('\n')}
}

/// One entry in words of 64 bits, and what it says.
#[allow(dead_code)]
#[derive(Debug)]
pub struct Vector {
    pub structure: &'static str,
    pub name: &'static str,
    pub words: &'static [u64],
    pub says: Says,
    /// The number in the fault record or event.
    pub code: Option<u32>,
    /// What hardware takes from it.
    pub values: &'static [(&'static str, u64)],
}
`;

function asRust(structures: readonly Structure[]): string {
  const rows = structures.flatMap(s =>
    vectorsOfStructure(s).map(v => {
      const values = valuesOf(v).map(([name, value]) => `("${name}", ${hex(value)})`);
      const code = v.code === null ? 'None' : `Some(${v.code})`;
      return `    Vector { structure: "${s.name}", name: "${v.name}", words: &[${v.words.map(hex).join(', ')}], says: Says::${camel(saysOf(v))}, code: ${code}, values: &[${values.join(', ')}] },\n`;
    }),
  );
  return [
    '// Which words of root, context, device and PASID entries say what?\n',
    '// Written by iommu-spec vectors --of structures --format rust.\n',
    ...structures.flatMap(sources).map(line => `// ${line}\n`),
    '\n',
    RUST_HEAD,
    '\n#[rustfmt::skip]\npub static VECTORS: &[Vector] = &[\n',
    ...rows,
    '];\n',
  ].join('');
}
