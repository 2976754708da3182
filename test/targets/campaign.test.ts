// Does a campaign find what is wrong with a target, make it small, count what was expected, and fill in late answers?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAWS } from '../../conformance/court.js';
import { type Campaign, type CampaignOptions, campaign } from '../../conformance/targets/campaign.js';
import { Expected, readExpectations } from '../../conformance/targets/expectations.js';
import { LawSystem } from '../../conformance/targets/law-system.js';
import { TARGET_LIMITS } from '../../conformance/targets/limits.js';
import { type About, Responder } from '../../conformance/targets/responder.js';
import type { Session } from '../../conformance/targets/session.js';
import { walkScript } from '../../conformance/targets/walks.js';
import { lawNamed } from '../../conformance/trace/laws.js';
import { CALLS } from '../../spec/calls/index.js';
import { type AnyOp, defaultPolicies, type Policies, vfio2011 } from '../../spec/index.js';
import type { Observed } from '../../spec/protocol/observed.js';
import { type Answers, lines, openInside, STILL } from './inside.js';

const LAW = lawNamed(LAWS, 'vfio-2011');
const POLICIES = defaultPolicies<Policies>(vfio2011);
const ABOUT: About = { name: 'test', machine: 'any', policies: 'any', batch: 16 };

/** The law as a target, in which some answers are others. */
class Bent extends LawSystem {
  constructor(
    private readonly bend: (op: AnyOp, answer: Observed) => Observed,
    private readonly shows = true,
  ) {
    super(vfio2011, 1);
  }

  override step(op: AnyOp): Observed {
    return this.bend(op, super.step(op));
  }

  override view(): ReturnType<LawSystem['view']> {
    return this.shows ? super.view() : (undefined as never);
  }
}

const bent = (
  bend: (op: AnyOp, answer: Observed) => Observed,
  about: Partial<About> = {},
): Promise<Session> =>
  openInside(() => {
    const responder = new Responder(
      LAW,
      { ...ABOUT, ...about },
      new Bent(bend, about.observes === undefined),
    );
    return lines(line => responder.answer(line));
  });

function walks(session: Session, options: Partial<CampaignOptions> = {}, runs = 6): Promise<Campaign> {
  const calls = CALLS['vfio-2011']!;
  const [named, machine] = Object.entries(calls.machines)[0]!;
  const plan = {
    profile: vfio2011,
    calls,
    machine,
    named,
    policies: POLICIES,
    seed: 7,
    ops: 150,
    faults: new Set<string>(),
  };
  const section = {
    name: 'walks',
    open: true,
    scripts: () => Array.from({ length: runs }, (_, number) => walkScript({ ...plan, number })),
  };
  return campaign(session, [section], { limits: TARGET_LIMITS, clock: STILL, ...options });
}

const overlap = (op: AnyOp, answer: Observed): Observed =>
  op.op === 'map' && answer.is === 'refused' && answer.errno === 'EBUSY'
    ? { is: 'refused', errno: 'EEXIST' }
    : answer;

test('the law conforms to itself', async () => {
  const result = await walks(await bent((_, answer) => answer));
  assert.equal(result.result, 'conforms');
  assert.ok(result.sections[0]!.calls === 900 && result.sections[0]!.accepted > 300);
  assert.ok(result.rules.filter(r => r.verdict === 'pass').length > 40);
});

test('a wrong errno is one finding, small, and what is behind it is seen', async () => {
  const result = await walks(await bent(overlap));
  assert.equal(result.result, 'diverges');
  const [found, ...more] = result.findings;
  assert.equal(more.length, 0);
  assert.equal(found!.finding.verdict.broken, 'map/overlaps');
  assert.ok(found!.repeats && found!.times > 3);
  assert.deepEqual(
    found!.finding.calls.map(c => c.op.op),
    ['open_group', 'get_context', 'map', 'map'],
  );
  const machine = found!.finding.machine as {
    readonly devices: readonly unknown[];
    readonly groups: readonly unknown[];
  };
  assert.equal(machine.groups.length, 1, 'the machine is made smaller, too');
  assert.equal(result.rules.find(r => r.rule === 'map/overlaps')?.verdict, 'fail');
  assert.ok(result.sections[0]!.runs === 6);
});

test('two defects are two findings', async () => {
  const result = await walks(
    await bent((op, answer) =>
      op.op === 'close' && answer.is === 'refused' ? { is: 'refused', errno: 'EINVAL' } : overlap(op, answer),
    ),
  );
  assert.deepEqual(result.findings.map(f => f.finding.verdict.broken).sort(), [
    'close/not-open',
    'map/overlaps',
  ]);
});

test('an expected divergence is counted apart; one that does not come fails; one that is over excuses nothing', async () => {
  const of = (fields: object) =>
    readExpectations(
      JSON.stringify({
        expectations: [{ rule: 'map/overlaps', reason: 'known', since: '2026-01-01', ...fields }],
      }),
    );
  const known = await walks(await bent(overlap), { expected: new Expected(of({}), '2026-06-01') });
  assert.equal(known.result, 'conforms');
  assert.ok(known.expectations[0]!.times > 3);
  assert.equal(known.rules.find(r => r.rule === 'map/overlaps')?.verdict, 'expected-fail');
  const gone = await walks(await bent((_, a) => a), { expected: new Expected(of({}), '2026-06-01') });
  assert.equal(gone.result, 'diverges');
  assert.equal(gone.rules.find(r => r.rule === 'map/overlaps')?.verdict, 'unexpected-pass');
  const over = await walks(await bent(overlap), {
    expected: new Expected(of({ expires: '2026-05-31' }), '2026-06-01'),
  });
  assert.equal(over.result, 'diverges');
  assert.equal(over.findings.length, 1);
  const elsewhere = await walks(await bent(overlap), {
    expected: new Expected(of({ trace: 'accept/' }), '2026-06-01'),
  });
  assert.equal(elsewhere.findings.length, 1);
  for (const wrong of [{ since: 'ever' }, { color: 1 }]) assert.throws(() => of(wrong), /since|color/);
});

test('operations that the target does not have are not tested; nothing tested is inconclusive', async () => {
  const few = await walks(await bent((_, a) => a, { operations: ['open_group', 'close'] }));
  assert.equal(few.rules.find(r => r.rule === 'map/overlaps')?.verdict, 'not-tested');
  assert.equal(few.rules.find(r => r.rule === 'open_group/opened')?.verdict, 'pass');
  const none = await walks(await bent(() => ({ is: 'not-implemented' })));
  assert.equal(none.result, 'inconclusive');
  assert.deepEqual(none.notes, ['nothing was tested']);
  const blind = await walks(await bent(() => ({ is: 'unobserved' }), { observes: [] }), { maxCandidates: 3 });
  assert.equal(blind.result, 'inconclusive');
});

/** Answers of `dma` come with the next call, or when they are asked for. */
function late(answers: Answers): Answers {
  let kept: unknown[] = [];
  return async line => {
    const ask = JSON.parse(line);
    if ('late' in ask)
      return [{ is: 'line', text: JSON.stringify({ late: ask.late, answers: kept.splice(0) }) }];
    if ('reset' in ask) kept = [];
    const [arrival] = await answers(line);
    if (arrival?.is !== 'line' || !('call' in ask)) return [arrival!];
    const reply = JSON.parse(arrival.text);
    const before = kept.splice(0);
    if (ask.op.op === 'dma') {
      kept.push({ return: reply.return, outcome: reply.outcome });
      reply.outcome = 'late';
    }
    return [{ is: 'line', text: JSON.stringify(before.length > 0 ? { ...reply, late: before } : reply) }];
  };
}

test('late answers are filled in before the verdict', async () => {
  const open = (bend: (op: AnyOp, answer: Observed) => Observed) =>
    openInside(() => {
      const responder = new Responder(LAW, { ...ABOUT, batch: 1 }, new Bent(bend));
      return late(lines(line => responder.answer(line)));
    });
  const good = await walks(await open((_, a) => a));
  assert.equal(good.result, 'conforms');
  assert.equal(good.rules.find(r => r.rule === 'dma/translated')?.verdict, 'pass');
  const bad = await walks(
    await open((op, a) => (op.op === 'dma' && a.is === 'ok' ? { is: 'ok', paddr: 0xdead000n } : a)),
  );
  assert.equal(bad.findings[0]!.finding.verdict.broken, 'dma/translated');
  assert.equal(bad.findings[0]!.finding.calls.at(-1)!.op.op, 'dma');
});

test('a run that dies is a finding, and the target is started anew', async () => {
  let starts = 0;
  const session = await openInside(() => {
    starts++;
    const responder = new Responder(LAW, ABOUT, new Bent((_, a) => a));
    let dead = false;
    return async line => {
      if (dead) return [];
      dead = line.includes('"op":"merge"');
      return dead ? [{ is: 'ended', says: 'killed by SIGABRT' }] : lines(l => responder.answer(l))(line);
    };
  });
  const result = await walks(session);
  assert.ok(starts > 3);
  const [found] = result.findings;
  assert.equal(found!.finding.verdict.observed.is, 'died');
  assert.equal(found!.finding.calls.length, 1);
});
