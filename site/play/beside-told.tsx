// How are two laws seen side by side over the same calls?
import { describeOp, describeOutcome, plain } from '../../conformance/index.js';
import { visible } from '../../picture/html.js';
import { Machine, Outline } from '../../picture/page/machine.js';
import { sceneOf } from '../../picture/scene/draw.js';
import { compared } from '../../picture/scene/scene.js';
import type { Policies } from '../../spec/index.js';
import type { Followed } from './beside.js';
import { type Game, type Made, type Setting, stateAt } from './game.js';
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

interface DrawnProps {
  readonly game: Game;
  readonly followed: Followed;
  readonly width: number;
}

/** The machine as it would be under the other law; what is not as it is here is marked. */
export function DrawnThere({ game, followed, width }: DrawnProps) {
  const { profile, machine } = game.setting;
  const sceneAs = (state: object) =>
    sceneOf(profile.name, visible(plain(machine)), visible(plain(profile.view(state))));
  const scene = compared(sceneAs(stateAt(game.setting, game.at)), sceneAs(followed.state));
  return (
    <>
      <h2>the machine under the other law; marked is what is not as it is above</h2>
      <Machine scene={scene} width={width} label="the machine under the other law" />
      <Outline scene={scene} />
    </>
  );
}
