// How is a story a trace of the Informal Trace Format, as Apalache, Quint and their viewers read it?
import type { Story } from '../../conformance/index.js';
import { Views } from '../scene/draw.js';

/** The format has neither null nor mixed keys: nothing is a string, a record keyed by numbers is a map. */
function value(seen: unknown): unknown {
  if (seen === null || seen === undefined) return 'none';
  if (typeof seen === 'number') return Number.isSafeInteger(seen) ? seen : { '#bigint': String(seen) };
  if (Array.isArray(seen)) return seen.map(value);
  if (typeof seen !== 'object') return seen;
  const entries = Object.entries(seen);
  // Also an empty one: only what is keyed by names of things is ever empty.
  const named = entries.every(([key]) => /^\d{1,15}$/.test(key));
  if (named) return { '#map': entries.map(([key, field]) => [Number(key), value(field)]) };
  return Object.fromEntries(entries.map(([key, field]) => [key, value(field)]));
}

export function itf(story: Story): string {
  const { steps, broken, parting, file, profile } = story;
  const views = new Views(story);
  const view = views.after(0) as object;
  const vars = ['call', 'answer', 'clause', ...Object.keys(view)];
  // A step that the law does not allow has no state.
  const told = steps.slice(0, steps.length - (parting === undefined ? 0 : 1));
  const states = [undefined, ...told].map((step, i) => ({
    '#meta': { index: i },
    call: step === undefined ? '' : `${step.call} ${step.fields}`.trimEnd(),
    answer: step?.answer ?? '',
    clause: step?.rules.join(', ') ?? '',
    ...(value(views.after(i) ?? view) as object),
  }));
  const description = [
    `iommu-spec, ${profile}${file === undefined ? '' : `, ${file}`}`,
    ...(broken === undefined ? [] : [`breaks ${broken.property}: ${broken.says}`]),
    ...(parting === undefined
      ? []
      : [
          `then ${steps.at(-1)!.call} ${steps.at(-1)!.fields}: observed ${parting.observed.answer}, allowed ${parting.allowed.map(w => w.answer).join(' or ')}`,
        ]),
  ].join('; ');
  const loop = broken?.cycle === undefined ? {} : { loop: broken.cycle - 1 };
  return `${JSON.stringify({ '#meta': { format: 'ITF', 'format-description': 'https://apalache-mc.org/docs/adr/015adr-trace.html', description }, params: [], vars, states, ...loop })}\n`;
}
