// How does somebody describe a state, and go the shortest way to it?
import { useEffect, useRef, useState } from 'preact/hooks';
import { plain } from '../../conformance/index.js';
import { type Asking, ask } from '../worker/host.js';
import type { Answer, SearchAnswer, World } from '../worker/messages.js';
import type { Json } from './blank.js';
import { Choice } from './form.js';
import { type Game, recorded, stateAt } from './game.js';
import { type Condition, placesIn } from './search.js';

interface ExploreProps {
  readonly game: Game;
  readonly worlds: readonly World[];
  /** The call that stands in the form. */
  readonly call: Json | undefined;
  readonly go: (way: NonNullable<SearchAnswer['way']>) => void;
}

const IS = ['is', 'is not', 'is there', 'is not there'] as const;
const MOST = ['10,000', '50,000', '200,000'] as const;
const numberOf = (text: string): number => Number(text.replaceAll(',', ''));

interface Described {
  readonly conditions: readonly Condition[];
  readonly withCall: boolean;
  readonly answer: string;
  readonly rule: string;
  readonly world: string;
  readonly most: string;
}

const NOTHING: Described = {
  conditions: [{ path: '', is: 'is', value: '' }],
  withCall: false,
  answer: '',
  rule: '',
  world: '',
  most: MOST[0],
};

export function Explore({ game, worlds, call, go }: ExploreProps) {
  const [described, setDescribed] = useState(NOTHING);
  const [says, setSays] = useState('');
  const running = useRef<Asking | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<Described>): void => setDescribed({ ...described, ...part });
  const hear = (answer: Answer): void => {
    if (answer.is === 'progress') setSays(`looking: ${answer.says}`);
    else setBusy(false);
    if (answer.is === 'failed') setSays(answer.says);
    if (answer.is !== 'searched') return;
    setSays(cameTo(answer));
    if (answer.way !== undefined) go(answer.way);
  };
  useEffect(() => () => running.current?.stop(), []);
  const start = (): void => {
    setBusy(true);
    setSays('looking …');
    running.current = ask(questionOf(game, described, call), hear);
  };
  const stop = (): void => {
    running.current?.stop();
    setBusy(false);
    setSays('stopped');
  };
  return (
    <details class="explore">
      <summary>the shortest way from here to a state</summary>
      <Conditions game={game} conditions={described.conditions} set={conditions => change({ conditions })} />
      <Aims described={described} change={change} />
      <p>
        <ByCalls described={described} change={change} worlds={worlds} />{' '}
        <button type="button" disabled={busy} onClick={start}>
          look
        </button>{' '}
        <button type="button" disabled={!busy} onClick={stop}>
          stop
        </button>
      </p>
      <p role="status">{says}</p>
    </details>
  );
}

interface PartProps {
  readonly described: Described;
  readonly change: (part: Partial<Described>) => void;
}

/** What else must be so there: a call that can be answered, a clause that has spoken. */
function Aims({ described, change }: PartProps) {
  return (
    <>
      <p>
        <label>
          <input
            type="checkbox"
            checked={described.withCall}
            onChange={event => change({ withCall: (event.target as HTMLInputElement).checked })}
          />{' '}
          where the call of the form can be answered
        </label>{' '}
        <input
          aria-label="answer"
          placeholder="ok of any kind, or EBUSY"
          value={described.answer}
          onInput={event => change({ answer: (event.target as HTMLInputElement).value })}
        />
      </p>
      <p>
        <label>
          where this clause has spoken{' '}
          <input
            value={described.rule}
            placeholder="unmap/bisects-first"
            spellcheck={false}
            onInput={event => change({ rule: (event.target as HTMLInputElement).value })}
          />
        </label>
      </p>
    </>
  );
}

function ByCalls({ described, change, worlds }: PartProps & { worlds: readonly World[] }) {
  return (
    <>
      <label>
        by the calls of{' '}
        <select
          value={described.world}
          aria-label="calls"
          onChange={event => change({ world: (event.target as HTMLSelectElement).value })}
        >
          <option value="">a random walk on this machine</option>
          {worlds.map(w => (
            <option key={w.name} value={w.name}>{`${w.name}, ${w.calls} calls`}</option>
          ))}
        </select>
      </label>{' '}
      <span class="pair">
        at most <Choice words={MOST} at={described.most} name="states" choose={most => change({ most })} />{' '}
        states
      </span>
    </>
  );
}

function questionOf(
  game: Game,
  { conditions, withCall, answer, rule, world, most }: Described,
  call: Json | undefined,
) {
  // What is looked for begins where one is, and not where the way ends.
  const trace = recorded({ ...game, line: game.at });
  return {
    is: 'search' as const,
    trace,
    world,
    also: call === undefined ? [] : [call],
    conditions: conditions.filter(c => c.path !== ''),
    ...(withCall && call !== undefined ? { call: { op: call, answer: answer.trim() } } : {}),
    ...(rule.trim() === '' ? {} : { rule: rule.trim() }),
    most: numberOf(most),
  };
}

function cameTo({ way, states, depth, complete, calls }: SearchAnswer): string {
  const seen = `${states.toLocaleString('en-US')} states, ${calls} calls in each`;
  if (way !== undefined)
    return `${way.length === 0 ? 'It is so already' : `${way.length} calls, and by these calls none is shorter`} (${seen}).`;
  return complete
    ? `No state that these calls reach is so (all ${seen}).`
    : `Not found within ${depth} calls (${seen}); there may be one further on.`;
}

interface ConditionsProps {
  readonly game: Game;
  readonly conditions: readonly Condition[];
  readonly set: (conditions: readonly Condition[]) => void;
}

function Conditions({ game, conditions, set }: ConditionsProps) {
  const { profile } = game.setting;
  const places = placesIn(plain(profile.view(stateAt(game.setting, game.at))));
  const change = (at: number, part: Partial<Condition>): void =>
    set(conditions.map((c, i) => (i === at ? { ...c, ...part } : c)));
  return (
    <>
      <datalist id="places">
        {places.map(place => (
          <option key={place} value={place} />
        ))}
      </datalist>
      {conditions.map((c, i) => (
        <p key={String(i)} class="condition">
          <input
            aria-label={`place ${i + 1} in what an observer sees`}
            list="places"
            placeholder="devices.1.domain"
            value={c.path}
            spellcheck={false}
            onInput={event => change(i, { path: (event.target as HTMLInputElement).value })}
          />{' '}
          <Choice
            words={IS}
            at={c.is}
            name={`how it is ${i + 1}`}
            choose={is => change(i, { is: is as Condition['is'] })}
          />{' '}
          {(c.is === 'is' || c.is === 'is not') && (
            <input
              aria-label={`value ${i + 1}`}
              value={c.value}
              spellcheck={false}
              onInput={event => change(i, { value: (event.target as HTMLInputElement).value })}
            />
          )}
        </p>
      ))}
      <button
        type="button"
        class="small"
        onClick={() => set([...conditions, { path: '', is: 'is', value: '' }])}
      >
        + and
      </button>
    </>
  );
}
