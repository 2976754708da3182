// Which shape has the view of a profile: the fields that a recording may observe, and of what kind each is?
import { Judge, readTrace } from '../../conformance/index.js';
import { WORLDS } from '../../model/worlds.js';
import { type AnyProfile, defaultPolicies, type Policies } from '../../spec/index.js';
import { bundled } from '../input.js';

/** What was seen at one place of the views: words, numbers, records, lists. */
interface Shape {
  readonly kinds: Set<string>;
  readonly words: Set<string>;
  readonly fields: Map<string, Shape>;
  item: Shape | undefined;
}

const empty = (): Shape => ({ kinds: new Set(), words: new Set(), fields: new Map(), item: undefined });

function see(shape: Shape, value: unknown): void {
  if (Array.isArray(value)) {
    shape.kinds.add('list');
    shape.item ??= empty();
    for (const item of value) see(shape.item, item);
  } else if (typeof value === 'object' && value !== null) {
    shape.kinds.add('record');
    for (const [key, field] of Object.entries(value)) {
      if (!shape.fields.has(key)) shape.fields.set(key, empty());
      see(shape.fields.get(key)!, field);
    }
  } else {
    shape.kinds.add(value === null ? 'null' : typeof value);
    if (typeof value === 'string' && shape.words.size < 40) shape.words.add(value);
  }
}

/** Views are looked at along the recordings that the law accepts, and at the start of every world. */
export async function viewShapes(): Promise<ReadonlyMap<string, Shape>> {
  const shapes = new Map<string, Shape>();
  const look = (profile: AnyProfile, state: unknown): void => {
    if (!shapes.has(profile.name)) shapes.set(profile.name, empty());
    see(shapes.get(profile.name)!, profile.view(state));
  };
  for (const { profile, setup, policies } of WORLDS)
    look(profile, profile.initial(setup, { ...defaultPolicies<Policies>(profile), ...policies }, false));
  for (const named of bundled().traces) {
    if (!('lines' in named) || !named.name.startsWith('accept')) continue;
    const trace = await readTrace(named.lines);
    const judge = new Judge(trace.profile, trace.machine, trace.policies);
    for await (const event of trace.events()) {
      if (judge.feed(event) !== undefined) break;
      if (judge.states.length === 1) look(trace.profile, judge.states[0]);
    }
    await trace.close();
  }
  return shapes;
}

const WORD = /^[a-z][a-z0-9-]*$/;
/** Of more words than this, they are names and not a closed set. */
const MOST_WORDS = 12;

/** `{`refs` number, `set` number or null}`; a record whose keys are names is told once. */
export function spellShape(shape: Shape): string {
  const parts: string[] = [];
  for (const kind of shape.kinds) {
    if (kind === 'list')
      parts.push(`list of ${shape.item!.kinds.size === 0 ? 'what was never seen' : spellShape(shape.item!)}`);
    else if (kind === 'record') parts.push(spellRecord(shape.fields));
    else if (kind === 'string') parts.push(spellWords(shape.words));
    else parts.push(kind);
  }
  return parts.join(' or ');
}

function spellRecord(fields: ReadonlyMap<string, Shape>): string {
  const keys = [...fields];
  const named = keys.length > 0 && keys.every(([key]) => /^\d+$/.test(key));
  if (!named) return `{${keys.map(([key, field]) => `\`${key}\` ${spellShape(field)}`).join(', ')}}`;
  const all = empty();
  for (const [, field] of keys) merge(all, field);
  return `record by name of ${spellShape(all)}`;
}

function spellWords(words: ReadonlySet<string>): string {
  const closed = words.size <= MOST_WORDS && [...words].every(word => WORD.test(word));
  return closed ? [...words].sort().join(' | ') : 'text';
}

function merge(into: Shape, other: Shape): void {
  for (const kind of other.kinds) into.kinds.add(kind);
  for (const word of other.words) into.words.add(word);
  for (const [key, field] of other.fields) {
    if (!into.fields.has(key)) into.fields.set(key, empty());
    merge(into.fields.get(key)!, field);
  }
  if (other.item === undefined) return;
  into.item ??= empty();
  merge(into.item, other.item);
}
