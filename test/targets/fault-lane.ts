// Is every seeded fault of one profile's implementation found from outside, and made small?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conversation } from './conversation.js';
import { hunted, huntedBeside, SEEDED, SLACK } from './fault-hunt.js';

/** Why the effect of a fault cannot be seen through calls that are made one after the other; undefined: it can. */
const unseen = (by: string): string | undefined =>
  by === 'scheduler'
    ? 'it shows only when calls run at the same time, and a driver makes one at a time'
    : undefined;

/** Where the seed of the campaign does not happen to lead to a fault, another one does. */
export interface Lane {
  readonly seeds?: { readonly [fault: string]: number };
  /** Faults that show at another call first: `run` without `--first` tells of the one of the kill matrix, too. */
  readonly further?: readonly string[];
}

/** So many divergences are looked for where the first one is not enough. */
const MOST = 3;

/** A test for each fault, and one for the reference without any, which the same campaign must let pass. */
export function faultsFoundFromOutside(profile: string, { seeds = {}, further = [] }: Lane = {}): void {
  const all = SEEDED.filter(s => s.profile === profile);
  const known = new Set(all.map(s => s.fault.id));
  for (const id of [...Object.keys(seeds), ...further]) assert.ok(known.has(id), `${id} is no fault`);
  const reference = new Conversation();
  test(`${profile}: the reference itself`, async () => {
    const { findings, result } = await hunted({ profile }, { heard: reference });
    assert.equal(findings[0]?.finding.key, undefined);
    assert.equal(result, 'conforms');
  });
  for (const seeded of all) {
    const { id, expected, policies } = seeded.fault;
    const why = unseen(expected.by);
    test(`${profile}: ${id}`, { skip: why ?? false }, async t => {
      // Under other policies, or another seed, the campaign is another one than that of the reference.
      const fixed = Object.keys(policies ?? {}).length > 0;
      const alone = seeds[id] !== undefined || further.includes(id) || fixed;
      const { findings } = alone
        ? await hunted(seeded, { seed: seeds[id] ?? 1, ...(further.includes(id) ? { most: MOST } : {}) })
        : await huntedBeside(seeded, reference);
      assert.ok(findings.length > 0, 'not found');
      const least = findings.reduce((a, b) => (b.finding.calls.length < a.finding.calls.length ? b : a));
      const { length } = least.finding.calls;
      t.diagnostic(`${length} calls, the kill matrix has ${expected.steps}; ${least.run}`);
      assert.ok(length <= expected.steps + SLACK, `${length} calls, the kill matrix has ${expected.steps}`);
    });
  }
}
