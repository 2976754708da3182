// Are scaffolds what they say, and does the one of the default profile find a mistake that is put into it?
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LANGUAGES, SCAFFOLDED, scaffold } from '../../cli/scaffold/scaffold.js';
import { hasImplementation } from '../../model/machine.js';
import { PROFILES } from '../../spec/index.js';
import { decode } from '../../spec/protocol/codec.js';
import { VOCABULARIES } from '../../spec/protocol/profiles.js';
import { inside } from './command.js';
import { lacks, MISTAKES, tried } from './scaffolded.js';

test('there is one for each profile with an implementation, for VFIO if none is named', () => {
  assert.equal(SCAFFOLDED[0], 'vfio-type1');
  assert.deepEqual([...SCAFFOLDED].sort(), Object.keys(PROFILES).filter(hasImplementation).sort());
  assert.deepEqual(Object.keys(MISTAKES), SCAFFOLDED);
});

for (const profile of SCAFFOLDED) {
  test(`${profile}: scaffolds are short, and their machine is one of the profile's`, () => {
    for (const language of LANGUAGES) {
      const { files } = scaffold(language, profile);
      const lines = files.reduce((sum, f) => sum + f.text.split('\n').length, 0);
      assert.ok(lines < 200, `${language}: ${lines} lines`);
      assert.ok(
        files.every(f => !/@[A-Z]+@/.test(f.text)),
        language,
      );
    }
    const python = scaffold('python', profile).files[0]!.text;
    const machine = /"machine": json\.loads\("""(.*)"""\)/.exec(python)![1]!;
    const { machine: codec, machineFits } = VOCABULARIES[profile]!;
    const decoded = decode(codec, JSON.parse(machine));
    assert.ok(decoded.ok, decoded.ok ? '' : JSON.stringify(decoded.defects));
    assert.equal(machineFits?.(decoded.value), undefined);
  });
}

// The compilers that take long, and the other profiles, are tried in test/long.
for (const language of ['c', 'python'] as const)
  test(`${language}: the scaffold passes, and a wrong errno in it is found`, { skip: lacks(language) }, () =>
    tried(language, SCAFFOLDED[0]!),
  );

test('what is there is not written over, and what there is not is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scaffold-'));
  try {
    const scaffolded = (...args: readonly string[]) => inside(['scaffold', ...args, '--dir', folder]);
    const first = await scaffolded('python');
    assert.equal(first.code, 0);
    assert.match(first.out, /a target for vfio-type1: /);
    const again = await scaffolded('python');
    assert.equal(again.code, 64);
    assert.match(again.err, /target\.py is there already/);
    assert.match(
      (await scaffolded('cobol')).err,
      /no scaffold in cobol; there are c, rust, python, typescript/,
    );
    assert.match((await scaffolded('c', 'nvme')).err, /no scaffold for the profile nvme/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
