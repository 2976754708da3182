// How is a story a timeline of trace events, as Perfetto and the browsers' own viewers open it?
import type { Story } from '../../conformance/index.js';
import { callersOf } from './mermaid.js';

/** Calls have no times: each takes as long as any other, in microseconds. */
const EACH = 1000;
const BUSY = 900;

export function perfetto(story: Story): string {
  const { steps, profile, parting, broken, clauses } = story;
  const by = callersOf(steps);
  const callers = [...new Set(by)];
  const numberOf = (i: number): number => 1 + callers.indexOf(by[i] ?? '');
  const names = callers.map((name, i) => ({
    name: 'thread_name',
    ph: 'M',
    pid: 1,
    tid: i + 1,
    args: { name },
  }));
  const calls = steps.map((step, i) => ({
    name: step.call,
    cat: step.verdict,
    ph: 'X',
    ts: i * EACH,
    dur: BUSY,
    pid: 1,
    tid: numberOf(i),
    ...(step.verdict === 'diverges' && { cname: 'terrible' }),
    args: {
      call: `${step.call} ${step.fields}`.trimEnd(),
      answer: step.answer,
      clause: step.rules.map(id => `${id}: ${clauses[id]?.says ?? ''}`).join(' '),
      ...(step.line === undefined ? {} : { line: step.line }),
      ...Object.fromEntries(
        (step.changes ?? []).map(c => [c.path.join('.'), JSON.stringify(c.after ?? null)]),
      ),
    },
  }));
  const end = {
    ph: 'i',
    s: 'g',
    ts: Math.max(steps.length - 1, 0) * EACH + BUSY,
    pid: 1,
    tid: Math.max(numberOf(steps.length - 1), 1),
  };
  const marks = [
    ...(parting === undefined
      ? []
      : [{ ...end, name: `diverges: allowed is ${parting.allowed.map(way => way.answer).join(' or ')}` }]),
    ...(broken === undefined ? [] : [{ ...end, name: `breaks ${broken.property}` }]),
  ];
  const process = { name: 'process_name', ph: 'M', pid: 1, tid: 0, args: { name: `iommu-spec ${profile}` } };
  return `${JSON.stringify({ traceEvents: [process, ...names, ...calls, ...marks], displayTimeUnit: 'ms' })}\n`;
}
