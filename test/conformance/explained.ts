// How do tests explain an event, and do the changes that are suggested succeed in the law?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Explained } from '../../conformance/explain/explain.js';
import { explainTrace, type Which } from '../../conformance/explain/explain-trace.js';
import { LAWS, readTrace } from '../../conformance/index.js';
import { type AnyOp, allowed } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';

export const FOLDER = new URL('../../../conformance/corpus/accept/', import.meta.url);
export const textOf = (name: string): string => readFileSync(new URL(`${name}.jsonl`, FOLDER), 'utf8');

export async function explained(text: string, which: Which): Promise<Explained> {
  const found = await explainTrace(await readTrace([text]), which, LAWS);
  assert.ok(found !== undefined, 'there is such an event');
  return found;
}

/** Makes the calls of a recording up to an event, some left out, and then others: how does the law answer the last? */
async function answerAfter(
  text: string,
  upTo: number,
  left: number,
  calls: readonly AnyOp[],
): Promise<string> {
  const trace = await readTrace([text]);
  const { profile, machine, policies } = trace;
  const events: Event<AnyOp>[] = [];
  for await (const event of trace.events()) events.push(event);
  let state: unknown = profile.initial(machine, policies, false);
  for (const event of events.filter(e => e.n < upTo && e.n !== left)) {
    const { is, errno } = event.outcome as { readonly is: string; readonly errno?: string };
    const same = allowed(profile, state, event.op, policies).find(
      e => e.outcome.is === is && (e.outcome as { readonly errno?: string }).errno === errno,
    );
    assert.ok(same !== undefined, `event ${event.n} is answered as it was`);
    state = same.state;
  }
  let answer = 'nothing';
  for (const op of calls) {
    const normal = allowed(profile, state, op, policies).at(-1)!;
    answer = normal.outcome.is;
    state = normal.state;
  }
  return answer;
}

export async function everyChangeSucceeds(text: string, found: Explained): Promise<void> {
  for (const change of found.changes) {
    const left = change.how === 'without' ? change.event : -1;
    assert.equal(
      await answerAfter(text, found.event, left, change.calls),
      'ok',
      `event ${found.event}: ${change.how}`,
    );
  }
}

/** A test of every so many of the refusals of a real kernel. */
export function testReal(every: number): void {
  test(`what a real kernel refused is explained, and what is suggested succeeds: each ${every}th`, async () => {
    const text = textOf('vfio-type1-real-errors');
    const refused: number[] = [];
    for await (const e of (await readTrace([text])).events())
      if (e.outcome.is === 'refused') refused.push(e.n);
    assert.ok(refused.length > 40, `${refused.length} refusals`);
    let without = 0;
    for (const event of refused.filter((_, i) => i % every === 0)) {
      const found = await explained(text, { event });
      assert.ok(found.facts.length + found.call.length > 0, `event ${event}: ${found.rule}`);
      if (found.changes.length === 0) without++;
      await everyChangeSucceeds(text, found);
    }
    assert.ok(without < 24 / every, `${without} refusals of which nothing small is known`);
  });
}
