// Does the law refuse names that it does not have, in words that help?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge } from '../../conformance/index.js';
import { UnknownName } from '../../spec/law/known.js';
import { type AnyOp, allowed, defaultPolicies } from '../../spec/law/profile.js';
import { PROFILES } from '../../spec/profiles.js';

const dma = PROFILES['linux-dma']!;
const setup = { mode: 'strict', tags: false, queue: false, dma: false };
const defaults = defaultPolicies(dma);

const refuses = (asks: () => unknown, kind: string, words: RegExp): void => {
  assert.throws(asks, (e: unknown) => e instanceof UnknownName && e.kind === kind && words.test(e.message));
};

for (const [who, ask] of Object.entries({
  allowed: (policies: object, op = 'map') =>
    allowed(dma, dma.initial(setup, defaults, false), { op } as AnyOp, policies as typeof defaults),
  judge: (policies: object, op = 'map') =>
    new Judge(dma, setup, policies as typeof defaults).feed({ n: 1, op: { op }, outcome: { is: 'ok' } }),
})) {
  test(`${who}: an unknown operation`, () => {
    refuses(() => ask(defaults, 'melt'), 'operation', /linux-dma has no operation "melt"; it has: .*unmap/);
    refuses(() => ask(defaults, 'constructor'), 'operation', /"constructor"/);
  });
  test(`${who}: an unknown policy`, () => {
    refuses(() => ask({ ...defaults, mood: 'good' }), 'policy', /no policy "mood"; it has: .*bounce/);
  });
  test(`${who}: an unknown value`, () => {
    refuses(
      () => ask({ ...defaults, bounce: 'often' }),
      'value',
      /policy bounce .* no value "often"; .*never/,
    );
  });
  test(`${who}: a policy that is left out`, () => {
    const { bounce: _, ...rest } = defaults as { [name: string]: string };
    refuses(() => ask(rest), 'value', /"undefined"/);
  });
  test(`${who}: an unknown release`, () => {
    refuses(
      () => ask({ ...defaults, release: 'linux-1.0' }),
      'release',
      /no release "linux-1.0"; it has: none/,
    );
  });
}
