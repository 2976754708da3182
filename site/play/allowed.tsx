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
import { visible } from '../../picture/html.js';
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
  const asked = useMemo(
    () =>
      visible(
        askedOf({ ...game.setting, state: stateAt(game.setting, game.at) }, op),
      ) as readonly AskedClause[],
    [game, op],
  );
  return (
    <section class="allowed-here" aria-label="what the law allows">
      <h2>{endings.length > 1 ? `allowed, each of these ${endings.length}` : 'allowed'}</h2>
      <ul>
        {endings.map((ending, i) => (
          <li key={`${ending.rule} ${String(i)}`}>
            <button type="button" class="take" onClick={() => take(ending)}>
              {game.setting.profile.reports === true && ending.outcome.is === 'refused'
                ? 'no such event is possible here'
                : describeOutcome(ending.outcome)}
            </button>{' '}
            <span class="quiet">{changesTold(changesOf(game, before, ending.state))}</span>
            <Spoke clause={asked.find(c => c.id === ending.rule)!} profile={game.setting.profile.name} />
          </li>
        ))}
      </ul>
      {there !== undefined && <There answers={there} endings={endings} />}
      <Others asked={asked} profile={game.setting.profile.name} />
    </section>
  );
}

const changesTold = (changes: number): string =>
  changes === 0 ? 'nothing changes' : changes === 1 ? '1 field changes' : `${changes} fields change`;

interface ClauseProps {
  readonly clause: AskedClause;
  readonly profile: string;
}

/** The clause by which it is answered so, and the facts that it rests on. */
function Spoke({ clause: c, profile }: ClauseProps) {
  const because = groundsOf(c);
  return (
    <div class="clause">
      <a href={ofClause(profile, c.id)}>
        <code>{c.id}</code>
      </a>
      {c.kind === 'may' && <span class="tag">may</span>}
      {c.status === 'disputed' && <span class="tag disputed">disputed</span>} {c.says}
      {because !== '' && <div class="quiet">{`because ${because}`}</div>}
    </div>
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

interface OthersProps {
  readonly asked: readonly AskedClause[];
  readonly profile: string;
}

/** The clauses that do not speak: those that were asked before, with the reason, and those that are not asked. */
function Others({ asked, profile }: OthersProps) {
  const passed = asked.filter(c => c.is === 'passed');
  const rest = asked.filter(c => c.is === 'not-asked');
  return (
    <>
      {passed.length > 0 && <h2>{`asked before it, in this order, and not so here: ${passed.length}`}</h2>}
      <ol class="asked-clauses">
        {passed.map(c => (
          <Other key={c.id} clause={c} profile={profile} />
        ))}
      </ol>
      {rest.length > 0 && (
        <details>
          <summary>{`${rest.length} more, which are not asked behind that`}</summary>
          <ol class="asked-clauses">
            {rest.map(c => (
              <Other key={c.id} clause={c} profile={profile} />
            ))}
          </ol>
        </details>
      )}
    </>
  );
}

/** What a condition looked at, in words; of one that did not hold, what would have to be otherwise. */
function groundsOf({ facts, call }: AskedClause): string {
  const told = call.map(({ field, value }) => `${field} ${describeValue(value)}`);
  return [...facts, ...(told.length === 0 ? [] : [`the call has ${told.join(', ')}`])].join(' · ');
}

function Other({ clause: c, profile }: ClauseProps) {
  const grounds = groundsOf(c);
  return (
    <li class={c.is}>
      <a href={ofClause(profile, c.id)}>
        <code>{c.id}</code>
      </a>{' '}
      <span class={c.errno === undefined ? 'good' : 'open'}>{c.errno ?? 'ok'}</span> {c.says}
      {c.is === 'passed' && grounds !== '' && (
        <div class="grounds" title={grounds}>
          {grounds}
        </div>
      )}
    </li>
  );
}
