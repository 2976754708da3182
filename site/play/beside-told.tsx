// How are two laws seen side by side over the same calls?
import { describeOp, describeOutcome } from '../../conformance/index.js';
import { visible } from '../../picture/html.js';
import type { Policies } from '../../spec/index.js';
import type { Followed } from './beside.js';
import type { Made, Setting } from './game.js';
import { Policed } from './setting.js';

interface ChosenProps {
  readonly setting: Setting;
  readonly other: Policies | undefined;
  readonly choose: (policies: Policies | undefined) => void;
}

export function BesideChosen({ setting, other, choose }: ChosenProps) {
  const { profile, policies } = setting;
  if (profile.policies.length === 0 && profile.releases === undefined) return null;
  return (
    <section class="beside-chosen" aria-label="another law beside">
      <label>
        <input
          type="checkbox"
          checked={other !== undefined}
          onChange={event => choose((event.target as HTMLInputElement).checked ? policies : undefined)}
        />{' '}
        beside: the same calls under another policy or release
      </label>
      {other !== undefined && (
        <div class="setting">
          <Policed profile={profile} policies={other} choose={choose} />
        </div>
      )}
    </section>
  );
}

/** Each call with both answers; where the other law has another one, it says so. */
export function BesideTold({ followed, way }: { followed: Followed; way: readonly Made[] }) {
  const first = followed.calls.find(c => !c.same);
  return (
    <section class="beside-told" aria-label="both laws">
      <p class={first === undefined ? 'good' : 'bad'} role="status">
        {first === undefined
          ? `the other law allows all ${way.length} answers`
          : `the other law does not allow the answer of call ${first.n}`}
      </p>
      <ol>
        {followed.calls.map((call, i) => {
          const made = way[i]!;
          const { name } = describeOp(made.op, followed.setting.machine);
          const there = call.lacks ?? call.answers.map(a => `${a.answer} ${a.rule}`).join(', or ');
          return (
            <li key={String(call.n)} class={call.same ? '' : 'differs'}>
              <b>{name}</b> {describeOutcome(made.ending.outcome)}{' '}
              <span class="quiet">
                {call.same ? `also there: ${visible(there)}` : `there: ${visible(there)}`}
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
