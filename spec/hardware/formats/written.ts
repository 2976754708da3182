// How do the vectors of formats travel: as JSON, as a C header, and as a module of Rust?
import type { Fault, Format } from './format.js';
import { vectorsOf } from './vectors.js';

const FAULTS: readonly Fault[] = [
  'address',
  'not-present',
  'reserved',
  'access-flag',
  'dirty-flag',
  'output',
  'permission',
];

export const LANGUAGES = ['json', 'c', 'rust'] as const;
export type Language = (typeof LANGUAGES)[number];

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** The text of a file with the vectors of these formats. */
export function written(formats: readonly Format[], language: Language): string {
  if (language === 'json') return asJson(formats);
  return language === 'c' ? asC(formats) : asRust(formats);
}

function asJson(formats: readonly Format[]): string {
  const tables = formats.map(format => ({
    name: format.name,
    title: format.title,
    cite: format.cite,
    notes: format.notes,
    input: format.input,
    output: format.output,
    vectors: vectorsOf(format).map(v => ({
      name: v.name,
      root: hex(v.root),
      memory: v.memory.map(({ at, word }) => [hex(at), hex(word)]),
      address: hex(v.address),
      access: v.access,
      expect: v.expect.is === 'translated' ? { ...v.expect, paddr: hex(v.expect.paddr) } : v.expect,
    })),
  }));
  return `${JSON.stringify({ vectors: 1, tables }, null, 1)}\n`;
}

const upper = (fault: Fault): string => fault.toUpperCase().replaceAll('-', '_');
const camel = (fault: Fault): string =>
  fault.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

const sources = (format: Format): readonly string[] => [
  `${format.name}: ${format.title}`,
  ...format.cite.map(({ source, at }) => `  ${source}: ${at}`),
  ...format.notes.map(note => `  ${note}`),
];

/** What a C header has before the vectors: the words, and what a walker looks like. */
const C_HEAD = `#ifndef IOMMU_SPEC_VECTORS_H
#define IOMMU_SPEC_VECTORS_H
#include <stdint.h>

struct iommu_word { uint64_t at, word; };

enum iommu_fault {
	IOMMU_OK,
${FAULTS.map(f => `\tIOMMU_${upper(f)},`).join('\n')}
};

/* One access to a memory in which everything is zero but the words given. */
struct iommu_vector {
	const char *format, *name;
	uint64_t root;
	const struct iommu_word *memory;
	unsigned int words;
	uint64_t address;
	int write;
	/* the answer: a fault and its code (-1: none), or an address and the size of the leaf, 2^size_lg2 */
	enum iommu_fault fault;
	int code;
	uint64_t paddr;
	unsigned int size_lg2;
};
`;

const C_FOOT = `
#define IOMMU_VECTORS (sizeof(iommu_vectors) / sizeof(iommu_vectors[0]))

/* Eight bytes of the memory of a vector; a walker reads through it. */
static inline uint64_t iommu_vector_read(const struct iommu_vector *v, uint64_t at)
{
	unsigned int i;

	for (i = 0; i < v->words; i++)
		if (v->memory[i].at == at)
			return v->memory[i].word;
	return 0;
}

/*
 * A walker sets paddr where it answers IOMMU_OK. Answers the number of vectors
 * that it got wrong; the last of them in *wrong, if that is not NULL.
 */
static inline unsigned int iommu_vectors_check(
	enum iommu_fault (*walk)(const struct iommu_vector *v, uint64_t *paddr),
	const struct iommu_vector **wrong)
{
	unsigned int i, failed = 0;

	for (i = 0; i < IOMMU_VECTORS; i++) {
		const struct iommu_vector *v = &iommu_vectors[i];
		uint64_t paddr = 0;
		enum iommu_fault fault = walk(v, &paddr);

		if (fault == v->fault && (fault != IOMMU_OK || paddr == v->paddr))
			continue;
		failed++;
		if (wrong)
			*wrong = v;
	}
	return failed;
}

#endif
`;

function asC(formats: readonly Format[]): string {
  const all = formats.flatMap(format => vectorsOf(format).map(v => ({ format, v })));
  const memories = all.map(({ v }, i) =>
    v.memory.length === 0
      ? ''
      : `static const struct iommu_word iommu_memory_${i}[] = { ${v.memory.map(w => `{ ${hex(w.at)}, ${hex(w.word)} }`).join(', ')} };\n`,
  );
  const rows = all.map(({ format, v }, i) => {
    const memory = v.memory.length === 0 ? '0' : `iommu_memory_${i}`;
    const answer =
      v.expect.is === 'translated'
        ? `IOMMU_OK, -1, ${hex(v.expect.paddr)}, ${v.expect.size}`
        : `IOMMU_${upper(v.expect.fault)}, ${v.expect.code ?? -1}, 0, 0`;
    const head = `"${format.name}", "${v.name}", ${hex(v.root)}, ${memory}, ${v.memory.length}`;
    return `\t{ ${head}, ${hex(v.address)}, ${v.access === 'write' ? 1 : 0}, ${answer} },\n`;
  });
  const told = formats.flatMap(sources).map(line => ` * ${line.replaceAll('*/', '* /')}\n`);
  return [
    `/*\n * Which words in memory and which answers show what formats of page tables say?\n * Written by iommu-spec vectors --format c.\n${told.join('')} */\n`,
    C_HEAD,
    '\n',
    ...memories,
    '\nstatic const struct iommu_vector iommu_vectors[] = {\n',
    ...rows,
    '};\n',
    C_FOOT,
  ].join('');
}

const RUST_HEAD = `#[allow(dead_code)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
${FAULTS.map(f => `    ${camel(f)},`).join('\n')}
}

/// One access to a memory in which everything is zero but the words given.
#[allow(dead_code)]
#[derive(Debug)]
pub struct Vector {
    pub format: &'static str,
    pub name: &'static str,
    pub root: u64,
    pub memory: &'static [(u64, u64)],
    pub address: u64,
    pub write: bool,
    /// The address and the size of the leaf, 2^size; or the fault and its code.
    pub expect: Result<(u64, u32), (Fault, Option<u32>)>,
}

impl Vector {
    /// Eight bytes of the memory; a walker reads through it.
    pub fn read(&self, at: u64) -> u64 {
        self.memory.iter().find(|w| w.0 == at).map_or(0, |w| w.1)
    }
}

/// The vectors that a walker gets wrong.
pub fn check(walk: impl Fn(&Vector) -> Result<u64, Fault>) -> impl Iterator<Item = &'static Vector> {
    VECTORS.iter().filter(move |v| match (walk(v), v.expect) {
        (Ok(paddr), Ok((expected, _))) => paddr != expected,
        (Err(fault), Err((expected, _))) => fault != expected,
        _ => true,
    })
}
`;

function asRust(formats: readonly Format[]): string {
  const rows = formats.flatMap(format =>
    vectorsOf(format).map(v => {
      const memory = v.memory.map(w => `(${hex(w.at)}, ${hex(w.word)})`).join(', ');
      const code = v.expect.is === 'fault' && v.expect.code !== null ? `Some(${v.expect.code})` : 'None';
      const expect =
        v.expect.is === 'translated'
          ? `Ok((${hex(v.expect.paddr)}, ${v.expect.size}))`
          : `Err((Fault::${camel(v.expect.fault)}, ${code}))`;
      return `    Vector { format: "${format.name}", name: "${v.name}", root: ${hex(v.root)}, memory: &[${memory}], address: ${hex(v.address)}, write: ${v.access === 'write'}, expect: ${expect} },\n`;
    }),
  );
  return [
    '// Which words in memory and which answers show what formats of page tables say?\n',
    '// Written by iommu-spec vectors --format rust.\n',
    ...formats.flatMap(sources).map(line => `// ${line}\n`),
    '\n',
    RUST_HEAD,
    '\n#[rustfmt::skip]\npub static VECTORS: &[Vector] = &[\n',
    ...rows,
    '];\n',
  ].join('');
}
