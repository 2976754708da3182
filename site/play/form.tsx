// How does a codec become a form, in which every value that it reads can be typed?
import type * as t from 'io-ts';
import { describeValue } from '../../conformance/index.js';
import { nameIn } from '../../conformance/report/describe.js';
import { Closed, Leaf, List, OrWord, Tagged } from '../../spec/protocol/index.js';
import { blank, type Json, type Standard } from './blank.js';

interface FieldProps {
  readonly codec: t.Mixed;
  readonly value: Json | undefined;
  readonly set: (value: Json) => void;
  /** What it is called, for labels. */
  readonly name: string;
  readonly machine: unknown;
}

type Props = { readonly [key: string]: t.Mixed };
type Fields = { readonly [key: string]: Json };

const fieldsOf = (value: Json | undefined): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** The fields of a record; those that may be left out are added and taken away. `but` is not shown. */
export function RecordFields({ codec, value, set, name, machine, but }: FieldProps & { but?: string }) {
  const record = codec as unknown as { readonly required: Props; readonly optional: Props };
  const fields = fieldsOf(value);
  const left = Object.keys(record.optional).filter(key => !Object.hasOwn(fields, key));
  const without = (key: string): Json =>
    Object.fromEntries(Object.entries(fields).filter(([other]) => other !== key));
  const field = (key: string, inner: t.Mixed, optional: boolean) => (
    <div class="field" key={key}>
      <span class="name">{key}</span>
      <Field
        codec={inner}
        value={fields[key]}
        set={next => set({ ...fields, [key]: next })}
        name={name === '' ? key : `${name} ${key}`}
        machine={machine}
      />
      {optional && (
        <button type="button" class="small" aria-label={`leave out ${key}`} onClick={() => set(without(key))}>
          ×
        </button>
      )}
    </div>
  );
  return (
    <div class="record">
      {Object.entries(record.required)
        .filter(([key]) => key !== but)
        .map(([key, inner]) => field(key, inner, false))}
      {Object.entries(record.optional)
        .filter(([key]) => Object.hasOwn(fields, key))
        .map(([key, inner]) => field(key, inner, true))}
      {left.length > 0 && (
        <div class="left-out">
          {left.map(key => (
            <button
              type="button"
              class="small"
              key={key}
              onClick={() => set({ ...fields, [key]: blank(record.optional[key]!) })}
            >
              {`+ ${key}`}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function Field(props: FieldProps) {
  const { codec, value, set, name } = props;
  if (codec instanceof Closed) return <RecordFields {...props} />;
  if (codec instanceof Tagged) return <TaggedFields {...props} />;
  if (codec instanceof OrWord)
    return (
      <OneOf
        {...props}
        arms={[
          [String(codec.other), undefined],
          ['a value', codec.codec as t.Mixed],
        ]}
      />
    );
  if (codec instanceof List) return <Items {...props} item={codec.item as t.Mixed} />;
  if (codec instanceof Leaf) return <LeafField {...props} codec={codec} />;
  const standard = codec as unknown as Standard;
  switch (standard._tag) {
    case 'LiteralType':
      return <code>{String(standard.value)}</code>;
    case 'NullType':
      return <code>none</code>;
    case 'BooleanType':
      return (
        <Choice
          words={['yes', 'no']}
          at={value === true ? 'yes' : 'no'}
          name={name}
          choose={w => set(w === 'yes')}
        />
      );
    case 'ReadonlyType':
      return <Field {...props} codec={standard.type} />;
    case 'KeyofType':
      return <Choice words={Object.keys(standard.keys)} at={String(value)} name={name} choose={set} />;
    case 'UnionType':
      return <Union {...props} arms={standard.types} />;
    default:
      return <Typed {...props} />;
  }
}

interface ChoiceProps {
  readonly words: readonly string[];
  readonly at: string;
  readonly name: string;
  readonly choose: (word: string) => void;
}

export function Choice({ words, at, name, choose }: ChoiceProps) {
  return (
    <select
      value={at}
      aria-label={name}
      onChange={event => choose((event.target as HTMLSelectElement).value)}
    >
      {words.map(word => (
        <option key={word} value={word}>
          {word}
        </option>
      ))}
    </select>
  );
}

/** Numbers stay what was typed until they are numbers: what is wrong with them is said elsewhere. */
function LeafField({ codec, value, set, name, machine }: FieldProps & { codec: Leaf<unknown, unknown> }) {
  const words = codec.keywords['enum'];
  if (Array.isArray(words))
    return <Choice words={words as readonly string[]} at={String(value)} name={name} choose={set} />;
  const number = codec.keywords['type'] === 'integer';
  const typed = (text: string): Json => (number && /^-?\d{1,16}$/.test(text) ? Number(text) : text);
  const key = name.replace(/^.* /, '');
  const called = typeof value === 'number' ? nameIn(machine, `${key}s`, value) : undefined;
  return (
    <>
      <input
        class={number ? 'number' : 'text'}
        aria-label={name}
        value={value === undefined ? '' : String(value)}
        title={codec.name}
        spellcheck={false}
        autocomplete="off"
        onInput={event => set(typed((event.target as HTMLInputElement).value))}
      />
      {called !== undefined && <span class="quiet">{called}</span>}
    </>
  );
}

/** A value as JSON, where no codec tells more. */
function Typed({ value, set, name }: FieldProps) {
  return (
    <input
      class="text"
      aria-label={name}
      value={typeof value === 'string' ? value : JSON.stringify(value)}
      onInput={event => set(parsed((event.target as HTMLInputElement).value))}
    />
  );
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function TaggedFields(props: FieldProps) {
  const { codec, value, set, name } = props;
  const { key, arms } = codec as unknown as Tagged<Props>;
  const word = String(fieldsOf(value)[key] ?? Object.keys(arms)[0]);
  const arm = Object.hasOwn(arms, word) ? arms[word]! : Object.values(arms)[0]!;
  return (
    <div class="record">
      <Choice
        words={Object.keys(arms)}
        at={word}
        name={name === '' ? key : name}
        choose={next => set(blank((arms as Props)[next]!))}
      />
      <RecordFields {...props} codec={arm} but={key} />
    </div>
  );
}

type Arms = readonly (readonly [string, t.Mixed | undefined])[];

/** One of several kinds of value; `undefined` is the word itself. */
function OneOf(props: FieldProps & { arms: Arms }) {
  const { arms, value, set, name } = props;
  const at =
    arms.find(([word, codec]) => (codec === undefined ? value === word : value !== undefined)) ?? arms[0]!;
  return (
    <>
      <Choice
        words={arms.map(([word]) => word)}
        at={at[0]}
        name={`kind of ${name}`}
        choose={word => {
          const codec = arms.find(([other]) => other === word)![1];
          set(codec === undefined ? word : blank(codec));
        }}
      />
      {at[1] !== undefined && <Field {...props} codec={at[1]} />}
    </>
  );
}

/** Whichever arm reads the value is shown; a value that none reads is shown by the first. */
function Union(props: FieldProps & { arms: readonly t.Mixed[] }) {
  const { arms, value, set, name } = props;
  const at = Math.max(
    0,
    arms.findIndex(arm => arm.decode(value)._tag === 'Right'),
  );
  const names = arms.map((arm, i) => (shortName(arm) ?? `kind ${i + 1}`) as string);
  return (
    <>
      <Choice
        words={names}
        at={names[at]!}
        name={`kind of ${name}`}
        choose={word => set(blank(arms[names.indexOf(word)]!))}
      />
      <Field {...props} codec={arms[at]!} />
    </>
  );
}

const shortName = (codec: t.Mixed): string | undefined => (codec.name.length <= 40 ? codec.name : undefined);

function Items(props: FieldProps & { item: t.Mixed }) {
  const { value, set, item, name } = props;
  const items: readonly Json[] = Array.isArray(value) ? (value as readonly Json[]) : [];
  return (
    <div class="record">
      {items.map((one, i) => (
        <div class="field" key={String(i)}>
          <Field
            {...props}
            codec={item}
            value={one}
            name={`${name} ${i}`}
            set={next => set(items.map((other, at) => (at === i ? next : other)))}
          />
          <button
            type="button"
            class="small"
            aria-label={`take away ${name} ${i}`}
            onClick={() => set(items.filter((_, at) => at !== i))}
          >
            ×
          </button>
        </div>
      ))}
      <button type="button" class="small" onClick={() => set([...items, blank(item)])}>
        {`+ ${describeValue(name)}`}
      </button>
    </div>
  );
}
