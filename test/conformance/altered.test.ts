// After one line of a kernel's own recording is altered, does the court refuse it and name that line?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FTRACE_PROFILE, FtraceImporter, ftraceEvents } from '../../conformance/ftrace/import.js';
import { Judge, LAWS, type Report, reportDivergence, type Verdict } from '../../conformance/index.js';
import { defaultPolicies } from '../../spec/law/profile.js';

const FOLDER = new URL('../../../conformance/corpus/recordings/', import.meta.url);
const NAMES = readdirSync(FOLDER)
  .filter(f => f.endsWith('.txt') && !f.endsWith('.notes.txt'))
  .sort();
const PROFILE = LAWS.profiles[FTRACE_PROFILE]!;
/** How many lines of one kind are altered in each recording, one at a time, spread over all of it. */
const TRIES = 5;

const judged = (file: string, lines: readonly string[]): { verdict: Verdict; report?: Report } => {
  const importer = new FtraceImporter();
  const events = [
    ...ftraceEvents(
      lines.map((text, i) => ({ number: i + 1, text })),
      importer,
    ),
  ];
  const machine = importer.machine();
  const judge = new Judge(PROFILE, machine, defaultPolicies(PROFILE));
  for (const event of events) {
    const verdict = judge.feed(event);
    if (verdict?.verdict === 'diverges')
      return { verdict, report: reportDivergence(verdict, { file, profile: PROFILE, machine }) };
  }
  return { verdict: judge.finish() };
};

const MAP = / map: IOMMU: iova=(0x[0-9a-f]{16}) - (0x[0-9a-f]{16}) /;
const UNMAP = / unmap: IOMMU: iova=(0x[0-9a-f]{16}) - (0x[0-9a-f]{16}) size=(\d+) unmapped_size=(\d+)/;

const hex = (address: bigint): string => `0x${address.toString(16).padStart(16, '0')}`;

/** The first pages of ranges that were mapped before line `at` and not unmapped since, oldest first. */
function liveBefore(lines: readonly string[], at: number): readonly bigint[] {
  const live = new Set<bigint>();
  for (const line of lines.slice(0, at)) {
    const map = MAP.exec(line);
    if (map) live.add(BigInt(map[1]!));
    const unmap = UNMAP.exec(line);
    if (!unmap) continue;
    const [start, end] = [BigInt(unmap[1]!), BigInt(unmap[1]!) + BigInt(unmap[4]!)];
    for (const iova of live) if (iova >= start && iova < end) live.delete(iova);
  }
  return [...live];
}

/** One line as somebody might have altered it; undefined where the alteration makes no sense. */
type Alteration = (line: string, lines: readonly string[], at: number) => string | undefined;

const mapOntoLive: Alteration = (line, lines, at) => {
  const found = MAP.exec(line);
  if (!found) return undefined;
  const live = liveBefore(lines, at)
    .filter(iova => hex(iova) !== found[1])
    .at(-1);
  if (live === undefined) return undefined;
  const size = BigInt(found[2]!) - BigInt(found[1]!);
  return line.replace(`iova=${found[1]} - ${found[2]}`, `iova=${hex(live)} - ${hex(live + size)}`);
};

const unmapEnlarged: Alteration = line => {
  const found = UNMAP.exec(line);
  if (!found) return undefined;
  const [all, start, end, size, unmapped] = found as unknown as readonly [
    string,
    string,
    string,
    string,
    string,
  ];
  const more = (n: string): string => String(Number(n) + 4096);
  const altered = ` unmap: IOMMU: iova=${start} - ${hex(BigInt(end) + 4096n)} size=${more(size)} unmapped_size=${more(unmapped)}`;
  return line.replace(all, altered);
};

const attachUnknown: Alteration = line =>
  / attach_device_to_domain: /.test(line) ? line.replace(/device=\S+/, 'device=0000:77:00.0') : undefined;

/** Lines to alter, spread evenly over those that can be. */
function chosen(lines: readonly string[], alter: Alteration): readonly { at: number; line: string }[] {
  const all = lines.flatMap((old, at) => {
    const line = alter(old, lines, at);
    return line === undefined ? [] : [{ at, line }];
  });
  const few = Math.min(TRIES, all.length);
  return Array.from({ length: few }, (_, i) => all[Math.floor((i * all.length) / few)]!);
}

/** Alterations of one kind that are known to escape, in part or whole, by line of the recording. */
type Known = { readonly [name: string]: readonly number[] };

/**
 * An unmap enlarged that a kernel could have written: no line names a domain, and here the identity domain
 * maps the same addresses, so the page more may be one of that domain's.
 */
const POSSIBLE: Known = { 'vfio-edu-6.12-full.txt': [80, 249] };

/** A map moved that is refused where a later flush fits no domain, too late for the report to name it. */
const UNNAMED: Known = { 'vfio-edu-6.12-full.txt': [257, 258, 259, 260, 261, 262, 263, 264] };

test('all recordings are there', () => assert.equal(NAMES.length, 6));

for (const name of NAMES) {
  const lines = readFileSync(new URL(name, FOLDER), 'utf8').split('\n');

  test(`${name}: unaltered it conforms`, () => {
    assert.equal(judged(name, lines).verdict.verdict, 'conforms');
  });

  for (const [what, alter] of Object.entries({ mapOntoLive, unmapEnlarged, attachUnknown })) {
    test(`${name}: ${what}`, () => {
      const tries = chosen(lines, alter);
      assert.equal(tries.length, TRIES);
      for (const { at, line } of tries) {
        const altered = lines.with(at, line);
        assert.notEqual(line, lines[at]);
        const { verdict, report } = judged(name, altered);
        if (what === 'unmapEnlarged' && POSSIBLE[name]?.includes(at + 1)) {
          assert.equal(verdict.verdict, 'conforms', `line ${at + 1}`);
          continue;
        }
        assert.ok(verdict.verdict === 'diverges' && report !== undefined, `line ${at + 1}: accepted`);
        if (what === 'mapOntoLive' && UNNAMED[name]?.includes(at + 1)) continue;
        const told = [report.data.line, ...report.data.related.map(r => r.line)];
        assert.ok(told.includes(at + 1), `line ${at + 1} is not named:\n${report.lines.join('\n')}`);
      }
    });
  }
}
