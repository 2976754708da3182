// What does the law allow for a call, which clause says so, and why did each before it not speak?
import { useMemo } from 'preact/hooks';
import {
  type AskedClause,
  askedOf,
  describeOutcome,
  describeValue,
  differences,
  plain,
} from '../../conformance/index.js';
import type { Allowed, AnyOp } from '../../spec/index.js';
import { ofClause } from '../address.js';
import { allowedThere, type Followed } from './beside.js';
import { endingsOf, type Game, stateAt } from './game.js';

interface AllowedProps {
  readonly game: Game;
  readonly op: AnyOp;
  readonly take: (ending: Allowed<object>) => void;
  readonly beside: Followed | undefined;
}

export function WhatIsAllowed({ game, op, take, beside }: AllowedProps) {
  const endings = endingsOf(game, op) ?? [];
  const before = stateAt(game.setting, game.at);
  const there = beside === undefined ? undefined : allowedThere(beside, op);
  return (
    <section class="allowed-here" aria-label="what the law allows">
      <h2>{endings.length > 1 ? `allowed, each of these ${endings.length}` : 'allowed'}</h2>
      <ul>
        {endings.map((ending, i) => {
          const changes = changesOf(game, before, ending.state);
          return (
            <li key={`${ending.rule} ${String(i)}`}>
              <button type="button" class="take" onClick={() => take(ending)}>
                {describeOutcome(ending.outcome)}
              </button>{' '}
              <a href={ofClause(game.setting.profile.name, ending.rule)}>
                <code>{ending.rule}</code>
              </a>{' '}
              <span class="quiet">
                {changes === 0
                  ? 'nothing changes'
                  : changes === 1
                    ? '1 field changes'
                    : `${changes} fields change`}
              </span>
            </li>
          );
        })}
      </ul>
      {there !== undefined && <There answers={there} endings={endings} />}
      <Clauses game={game} op={op} />
    </section>
  );
}

function changesOf({ setting: { profile } }: Game, before: object, after: object): number {
  return before === after ? 0 : differences(plain(profile.view(before)), plain(profile.view(after))).length;
}

interface ThereProps {
  readonly answers: readonly { readonly answer: string; readonly rule: string }[];
  readonly endings: readonly Allowed<object>[];
}

function There({ answers, endings }: ThereProps) {
  const here = endings.map(e => `${describeOutcome(e.outcome)} ${e.rule}`).join('\n');
  const same = here === answers.map(a => `${a.answer} ${a.rule}`).join('\n');
  return (
    <div class={`there ${same ? '' : 'differs'}`}>
      <h2>{same ? 'under the other law: the same' : 'under the other law'}</h2>
      {!same && (
        <ul>
          {answers.length === 0 && <li>There is no such call.</li>}
          {answers.map((a, i) => (
            <li key={`${a.rule} ${String(i)}`}>
              <b>{a.answer}</b> <code>{a.rule}</code>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const SIGNS = { spoke: '✓', passed: '✗', 'not-asked': '·' } as const;
const WORDS = { spoke: 'applies', passed: 'does not apply', 'not-asked': 'not asked' } as const;

function Clauses({ game, op }: { game: Game; op: AnyOp }) {
  const asked = useMemo(
    () => askedOf({ ...game.setting, state: stateAt(game.setting, game.at) }, op),
    [game, op],
  );
  const rest = asked.filter(c => c.is === 'not-asked');
  return (
    <>
      <h2>clauses, in the order in which they are asked</h2>
      <ol class="asked-clauses">
        {asked
          .filter(c => c.is !== 'not-asked')
          .map(c => (
            <Clause key={c.id} clause={c} profile={game.setting.profile.name} />
          ))}
      </ol>
      {rest.length > 0 && (
        <details>
          <summary>{`${rest.length} more, which are not asked behind that`}</summary>
          <ol class="asked-clauses">
            {rest.map(c => (
              <Clause key={c.id} clause={c} profile={game.setting.profile.name} />
            ))}
          </ol>
        </details>
      )}
    </>
  );
}

function Clause({ clause: c, profile }: { clause: AskedClause; profile: string }) {
  const call = c.call.map(({ field, value }) => `${field} ${describeValue(value)}`);
  const grounds = [...c.facts, ...(call.length === 0 ? [] : [`the call: ${call.join(', ')}`])];
  return (
    <li class={c.is}>
      <span class="sign" aria-hidden="true">
        {SIGNS[c.is]}
      </span>
      <span class="heard">{WORDS[c.is]}</span>
      <div>
        <a href={ofClause(profile, c.id)}>
          <code>{c.id}</code>
        </a>{' '}
        <span class={c.errno === undefined ? 'good' : 'open'}>{c.errno ?? 'ok'}</span>
        {c.kind === 'may' && <span class="tag">may</span>} {c.says}
        {c.is !== 'not-asked' && grounds.length > 0 && (
          <div class="grounds">
            {c.is === 'spoke' ? 'because ' : 'not here: '}
            {grounds.join(' · ')}
          </div>
        )}
      </div>
    </li>
  );
}
