// How does a person read why an event was answered so?
import type { AnyOp } from '../../spec/law/profile.js';
import { fieldsApart, type Remedy } from '../explain/changes.js';
import type { Candidate, Explained, Fact } from '../explain/explain.js';
import { describeOp, describeOutcome, describeValue, plain } from './describe.js';

/** Where the recording is from. */
export interface ExplainedIn {
  /** As the reader could type it. */
  readonly file: string;
  readonly profile: string;
  readonly machine: unknown;
  /** The release that the recording is of, where the profile speaks for several. */
  readonly release?: string | undefined;
}

/** One line: what it is, for colours. What does not fit goes on from column 13. */
export interface ToldLine {
  readonly is: 'title' | 'law' | 'fact' | 'change' | 'note';
  readonly text: string;
}

const label = (name: string, text: string, is: ToldLine['is'] = 'note'): ToldLine => ({
  is,
  text: `   ${name.padEnd(9)} ${text}`,
});

const placeOf = ({ event, line }: { readonly event?: number; readonly line?: number }): string =>
  line === undefined ? `event ${event}` : `event ${event}, line ${line}`;

/** Some fifteen lines: the answer, the clause, the facts, the other clauses, what would have succeeded. */
export function tellExplained(
  found: Explained,
  { file, machine, release }: ExplainedIn,
): readonly ToldLine[] {
  const spelt = (op: AnyOp): string => {
    const { name, fields } = describeOp(op, machine);
    return `${name}  ${fields}`.trimEnd();
  };
  const by = found.clauses.find(c => c.is === 'applied')!;
  const cite = citing(by, release).join('; ');
  return [
    { is: 'title', text: `${placeOf(found)} · ${file}` },
    label('call', spelt(found.op)),
    label('answer', describeOutcome(found.observed)),
    ...(found.diverges ? divergence(found) : []),
    ...(found.unseen.length === 0
      ? []
      : [
          label(
            'open',
            `${found.unseen.join(', ')} not seen: what follows is one way in which it may have been`,
          ),
        ]),
    label('by', `${by.id}: ${by.says} [${cite}]`, 'law'),
    ...found.facts
      .filter(f => !f.named)
      .map((f, i) => label(i === 0 ? 'because' : '', tellFact(f, spelt), 'fact')),
    ...found.facts.filter(f => f.named).map((f, i) => label(i === 0 ? 'named' : '', tellFact(f, spelt))),
    ...ofCall(found),
    ...others(found.clauses, describeOutcome(found.answer)),
    ...tellChanges(found, spelt),
  ];
}

/** Of a clause that cites the text of several releases, that of the one that is asked about. */
function citing({ cite }: Candidate, release: string | undefined): readonly string[] {
  const own = cite.filter(c => c.source === release);
  return (own.length > 0 ? own : cite).map(c => `${c.source}: ${c.at}`);
}

function divergence(found: Explained): readonly ToldLine[] {
  const wanted = found.reports ? 'no such event is possible here' : describeOutcome(found.answer);
  const seen = describeOutcome(found.observed);
  const can = found.observedBy.map(c => c.id);
  const given =
    can.length === 0 ? `no clause of ${found.op.op} gives ${seen}` : `${seen} is given by ${can.join(', ')}`;
  return [
    label('allowed', `${wanted}: the event diverges; what follows is of the law's own answer`),
    ...(found.observed.is === 'refused' ? [label('', given)] : []),
  ];
}

function tellFact({ says, event, line, made }: Fact, spelt: (op: AnyOp) => string): string {
  if (event === undefined) return says;
  const by = made === undefined ? '' : `: ${spelt(made)}`;
  return `${says} (${placeOf({ event, ...(line === undefined ? {} : { line }) })}${by})`;
}

function ofCall({ call }: Explained): readonly ToldLine[] {
  if (call.length === 0) return [];
  return [label('looked at', call.map(({ field, value }) => `${field} ${describeValue(value)}`).join(', '))];
}

function others(clauses: readonly Candidate[], answer: string): readonly ToldLine[] {
  const later = clauses.filter(c => c.is === 'later');
  const not = clauses.filter(c => c.is === 'not-here');
  return [
    ...later.map((c, i) => label(i === 0 ? 'also' : '', `${c.id}: ${c.says}`)),
    ...(not.length === 0
      ? []
      : [label('not here', `${answer} is also given by ${not.map(c => c.id).join(', ')}`)]),
  ];
}

/** What would have succeeded. */
function tellChanges(
  { op, changes, answer, facts, call, reports }: Explained,
  spelt: (op: AnyOp) => string,
): readonly ToldLine[] {
  if (answer.is === 'ok' || reports || (facts.length === 0 && call.length === 0)) return [];
  if (changes.length === 0) return [label('change', 'no small change was found after which it succeeds')];
  return changes.flatMap(change => tellChange(change, op, spelt));
}

function tellChange(change: Remedy, op: AnyOp, spelt: (op: AnyOp) => string): readonly ToldLine[] {
  if (change.how === 'without')
    return [label('succeeds', `without ${placeOf(change)}, all else as it was`, 'change')];
  if (change.how === 'instead') {
    const [call] = change.calls;
    return [label('succeeds', `as ${spelt(call!)}${changed(op, call!)}`, 'change')];
  }
  const first = change.calls.slice(0, -1).map(spelt);
  return first.map((text, i) =>
    label(i === 0 ? 'succeeds' : '', `${i === 0 ? 'after' : 'and'} ${text}`, 'change'),
  );
}

/** `  (iova 0x1000, not 0x0)`. */
function changed(from: AnyOp, to: AnyOp): string {
  if (fieldsApart(from, to) > 3) return '';
  const [one, other] = [from as unknown as Fields, to as unknown as Fields];
  const keys = [...new Set([...Object.keys(other), ...Object.keys(one)])];
  const apart = keys.filter(key => describeValue(one[key]) !== describeValue(other[key]));
  const told = apart.map(key =>
    other[key] === undefined
      ? `no ${key}`
      : `${key} ${describeValue(other[key])}, not ${describeValue(one[key])}`,
  );
  return told.length === 0 ? '' : `  (${told.join('; ')})`;
}

interface Fields {
  readonly [field: string]: unknown;
}

/** The same as data. */
export function explainedData(found: Explained, { file, profile }: ExplainedIn): object {
  const { changes, ...rest } = found;
  return {
    file,
    profile,
    ...(plain(rest) as object),
    changes: changes.map(change => ({ ...change, calls: change.calls.map(plain) })),
  };
}
