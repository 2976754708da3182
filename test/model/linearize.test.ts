// Does the search for an order of calls find one where there is one, and none where there is none?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type History, linearize, type Span } from '../../model/compare/linearize.js';
import { type AnyOp, allowed, defaultPolicies, type Profile } from '../../spec/index.js';
import type { Policies } from '../../spec/law/clause.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import { vfio2011 } from '../../spec/vfio-2011/profile.js';

const LAW = vfio2011 as unknown as Profile<unknown, AnyOp, Policies, unknown>;
const POLICIES = defaultPolicies(vfio2011);
const SETUP = {
  groups: [{ bus: 'pci', id: 0, coherent: true }],
  devices: [{ name: 'a', group: 0, driver: 'unbound' }],
  mms: [{ lockLimit: null }],
  timeout: 0,
};
const START = LAW.initial(SETUP, POLICIES, false);

const BIND = { op: 'bind', device: 0, driver: 'kernel' } as AnyOp;
const UNBIND = { op: 'unbind', device: 0 } as AnyOp;
const OK: Outcome = { is: 'ok' };
const BUSY: Outcome = { is: 'refused', errno: 'EBUSY' };
const NONE: Outcome = { is: 'refused', errno: 'ENODEV' };

const span = (op: AnyOp, began: number, ended: number, outcome?: Outcome): Span =>
  outcome === undefined ? { op, began, ended } : { op, began, ended, outcome };

function orderOf(spans: readonly Span[], more: Partial<History> = {}): readonly number[] | undefined {
  const found = linearize(LAW, POLICIES, { start: START, spans, ...more });
  return found.order?.map(place => place.span);
}

test('calls that overlap may take effect in either order', () => {
  assert.deepEqual(orderOf([span(BIND, 0, 3, BUSY), span(BIND, 1, 2, OK)]), [1, 0]);
  assert.deepEqual(orderOf([span(BIND, 0, 3, OK), span(BIND, 1, 2, BUSY)]), [0, 1]);
  assert.equal(orderOf([span(BIND, 0, 3, OK), span(BIND, 1, 2, OK)]), undefined, 'one of them was second');
});

test('a call that ended before another began comes before it', () => {
  assert.deepEqual(orderOf([span(BIND, 0, 1, OK), span(UNBIND, 2, 3, OK)]), [0, 1]);
  assert.equal(orderOf([span(UNBIND, 0, 1, OK), span(BIND, 2, 3, OK)]), undefined);
  assert.deepEqual(orderOf([span(UNBIND, 0, 2, OK), span(BIND, 1, 3, OK)]), [1, 0]);
});

test('a call that never came back may have had its effect or not', () => {
  const never = span(BIND, 0, Number.POSITIVE_INFINITY);
  assert.ok(orderOf([never, span(BIND, 1, 2, OK)]));
  assert.ok(orderOf([never, span(BIND, 1, 2, BUSY)]));
  assert.equal(orderOf([never, span(UNBIND, 1, 2, OK), span(UNBIND, 3, 4, OK)]), undefined);
});

test('the state at the end has a say', () => {
  const bound = allowed(LAW, START, BIND, POLICIES).at(-1)!.state;
  const spans = [span(BIND, 0, 3, OK), span(UNBIND, 1, 2, OK)];
  assert.ok(orderOf(spans, { view: LAW.view(START) }));
  assert.equal(orderOf(spans, { view: LAW.view(bound) }), undefined);
  assert.equal(orderOf([span(UNBIND, 0, 3, NONE)], { view: LAW.view(bound) }), undefined);
});

test('an ending that is only permitted needs a failure', () => {
  const open = { op: 'open_group', group: 0, as: 0, mm: 0 } as AnyOp;
  const spans = [span(open, 0, 1, { is: 'refused', errno: 'ENOMEM' })];
  assert.equal(orderOf(spans), undefined);
  assert.deepEqual(orderOf(spans, { failures: 1 }), [0]);
});

test('the longest order that holds is told', () => {
  const spans = [span(BIND, 0, 1, OK), span(BIND, 2, 3, OK)];
  const found = linearize(LAW, POLICIES, { start: START, spans });
  assert.deepEqual(found.best, [{ span: 0, rule: 'bind/bound' }]);
  assert.throws(
    () => linearize(LAW, POLICIES, { start: START, spans: Array(31).fill(spans[0]) }),
    RangeError,
  );
});
