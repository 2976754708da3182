// Is every return code of every hypercall, in each dialect, in a trace that is accepted, and behind one that is refused?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LAWS, readTrace, runSuite } from '../../conformance/index.js';
import { explore } from '../../model/explore/explore.js';
import { SPAPR_TCE_WORLDS } from '../../model/worlds/spapr-tce.js';
import type { Clause } from '../../spec/law/clause.js';
import type { AnyOp } from '../../spec/law/profile.js';
import type { PolicyValues } from '../../spec/spapr-tce/policies.js';

const FOLDER = new URL('../../../conformance/corpus/', import.meta.url);
const PROFILE = LAWS.profiles['spapr-tce']!;
const LISTS = Object.entries(PROFILE.rules) as unknown as [string, readonly Clause<unknown, AnyOp>[]][];

const ofGuest = (op: string): boolean => op.startsWith('h_') || op.startsWith('ddw_');
const CLAUSES = LISTS.filter(([op]) => ofGuest(op)).flatMap(([op, list]) =>
  list.map(clause => ({ op, rule: clause.id, code: clause.errno ?? 'ok' })),
);
const DIALECTS = PROFILE.policies
  .find(p => p.name === 'dialect')!
  .values.map(v => v.value as PolicyValues['dialect']);

/** "dialect operation code" */
type Code = string;

/** The codes of clauses that speak somewhere in the worlds in which a guest calls, under a dialect. */
function reachable(dialect: PolicyValues['dialect']): {
  codes: ReadonlySet<Code>;
  rules: ReadonlySet<string>;
} {
  const codes = new Set<Code>();
  const rules = new Set<string>();
  for (const world of SPAPR_TCE_WORLDS) {
    if (!/^tce-(batches|firmware|long-batches)/.test(world.name)) continue;
    const found = explore(world, { dialect });
    assert.ok(found.complete, world.name);
    for (const { op, rule, code } of CLAUSES) {
      if (!found.rules.has(rule)) continue;
      codes.add(`${dialect} ${op} ${code}`);
      rules.add(rule);
    }
  }
  return { codes, rules };
}

const REACHED = DIALECTS.map(reachable);
const CODES: readonly Code[] = REACHED.flatMap(({ codes }) => [...codes]).sort();

/** Codes that the traces of a folder show: what was rightly answered, or what should have been at the refused event. */
async function shown(folder: 'accept' | 'refuse'): Promise<ReadonlySet<Code>> {
  const codes = new Set<Code>();
  const files = readdirSync(new URL(`${folder}/`, FOLDER)).filter(file => file.startsWith('spapr-tce-'));
  for (const name of files) {
    const text = readFileSync(new URL(`${folder}/${name}`, FOLDER), 'utf8');
    const trace = await readTrace([text]);
    await trace.close();
    const { dialect } = trace.policies;
    const [result] = (await runSuite([{ name, lines: [text] }])).traces;
    assert.equal(result!.result, 'passed', name);
    const { verdict, coverage } = result!;
    if (verdict?.verdict === 'diverges') {
      for (const { outcome } of verdict.allowed)
        codes.add(`${dialect} ${verdict.op.op} ${outcome.is === 'refused' ? outcome.errno : outcome.is}`);
    } else {
      for (const { op, rule, code } of CLAUSES)
        if (coverage!.spoken.get(op)?.has(rule)) codes.add(`${dialect} ${op} ${code}`);
    }
  }
  return codes;
}

test('the worlds of guests come to every clause of hypercalls and firmware in some dialect', () => {
  const met = new Set(REACHED.flatMap(({ rules }) => [...rules]));
  assert.deepEqual(
    CLAUSES.map(c => c.rule).filter(rule => !met.has(rule)),
    [],
  );
});

test('no guest finds a code that is not for guests but where user space comes in between', () => {
  const tooHard = CODES.filter(code => code.endsWith(' H_TOO_HARD'));
  assert.deepEqual(tooHard, [
    'kvm h_get_tce H_TOO_HARD',
    'kvm h_put_tce H_TOO_HARD',
    'kvm h_put_tce_indirect H_TOO_HARD',
    'kvm h_stuff_tce H_TOO_HARD',
  ]);
});

test('every code that can be answered is answered in an accepted trace of its dialect', async () => {
  const seen = await shown('accept');
  assert.ok(CODES.length > 0);
  assert.deepEqual(
    CODES.filter(code => !seen.has(code)),
    [],
  );
});

test('every code of a hypercall that can be answered is what a refused trace of its dialect should have been answered', async () => {
  const seen = await shown('refuse');
  // Firmware answers alike in all dialects, but for windows that overlap: one of them is enough.
  const asked = CODES.filter(code => code.startsWith('strict ') || !code.includes(' ddw_'));
  assert.deepEqual(
    asked.filter(code => !seen.has(code)),
    [],
  );
});
