// How is a story a graph of Graphviz: states as nodes with what changed, calls as edges?
import { type Change, printable, type Story, type StoryStep } from '../../conformance/index.js';

/** A string of DOT; lines end at the left. */
const quoted = (...lines: readonly string[]): string => {
  const spelled = (line: string): string => printable(line).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return `"${lines.map(line => `${spelled(line)}\\l`).join('')}"`;
};

/** So many changes stand in a node. */
const TOLD = 8;
const LONG = 60;

const cut = (text: string): string => (text.length > LONG ? `${text.slice(0, LONG)}...` : text);

function changesOf(changes: readonly Change[] | undefined): readonly string[] {
  const all = (changes ?? []).map(c => {
    const after = 'after' in c ? JSON.stringify(c.after) : 'gone';
    return cut(`${c.path.join('.')} = ${after}`);
  });
  return all.length > TOLD ? [...all.slice(0, TOLD), `and ${all.length - TOLD} more`] : all;
}

const edge = (from: string, to: string, step: StoryStep, answer: string, by: string, more = ''): string =>
  `  ${from} -> ${to} [label=${quoted(`${step.n} ${step.call}`, cut(step.fields), `${answer}  ${by}`)}${more}];`;

export function dot(story: Story): string {
  const { steps, parting, broken } = story;
  const cycle = broken?.cycle;
  const lines = [
    'digraph story {',
    '  rankdir=TB;',
    '  node [shape=box, style=rounded, fontname=Courier, fontsize=10];',
    '  edge [fontname=Courier, fontsize=10];',
    '  s0 [label="start"];',
  ];
  steps.forEach((step, i) => {
    const [from, to] = [`s${i}`, `s${i + 1}`];
    if (step.verdict === 'diverges') {
      lines.push(`  ${to} [label=${quoted('observed', step.answer)}, color=red];`);
      lines.push(edge(from, to, step, step.answer, 'not allowed', ', color=red, fontcolor=red'));
      parting?.allowed.forEach((way, k) => {
        lines.push(`  a${k} [label=${quoted('allowed', ...changesOf(way.changes))}, color=darkgreen];`);
        lines.push(
          edge(from, `a${k}`, step, way.answer, way.rules.join(', '), ', color=darkgreen, style=dashed'),
        );
      });
      return;
    }
    const last = i === steps.length - 1;
    if (last && cycle !== undefined) {
      lines.push(edge(from, `s${cycle - 1}`, step, step.answer, step.rules.join(', '), ', constraint=false'));
      return;
    }
    const broke = last && broken !== undefined ? [`breaks ${broken.property}`] : [];
    const red = broke.length > 0 ? ', color=red' : '';
    lines.push(`  ${to} [label=${quoted(`after ${step.n}`, ...changesOf(step.changes), ...broke)}${red}];`);
    lines.push(edge(from, to, step, step.answer, step.rules.join(', ')));
  });
  return `${[...lines, '}'].join('\n')}\n`;
}
