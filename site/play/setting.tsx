// Under which law, and on which machine, is a game played?
import { useState } from 'preact/hooks';
import { type AnyProfile, defaultPolicies, type Policies, RELEASE } from '../../spec/index.js';
import { VOCABULARIES } from '../../spec/protocol/index.js';
import { readMachine } from './blank.js';
import { Choice } from './form.js';
import type { Setting } from './game.js';
import { machinesOf, type NamedMachine, PLAYABLE, settingOf } from './machines.js';

/** What a machine is called that is none of those that have a name. */
const OWN = 'as it was opened, or typed';

interface SettingProps {
  readonly setting: Setting;
  readonly worlds: readonly NamedMachine[];
  readonly begin: (setting: Setting) => void;
}

export function SettingChosen({ setting, worlds, begin }: SettingProps) {
  const { profile, policies } = setting;
  const machines = [...machinesOf(profile.name), ...worlds];
  const now = JSON.stringify(written(setting));
  const known = machines.find(m => JSON.stringify(m.machine) === now)?.name;
  const names = machines.map(m => m.name);
  const chooseMachine = (next: string): void => {
    const found = machines.find(m => m.name === next);
    if (found !== undefined) begin(settingOf(profile.name, found));
  };
  return (
    <section class="setting" aria-label="law and machine">
      <span class="pair">
        profile{' '}
        <Choice
          words={PLAYABLE.includes(profile.name) ? PLAYABLE : [...PLAYABLE, profile.name]}
          at={profile.name}
          name="profile"
          choose={next => begin(settingOf(next, machinesOf(next)[0]!))}
        />
      </span>
      <span class="pair">
        machine{' '}
        <Choice
          words={known === undefined ? [OWN, ...names] : names}
          at={known ?? OWN}
          name="machine"
          choose={chooseMachine}
        />
      </span>
      <Policed profile={profile} policies={policies} choose={next => begin({ ...setting, policies: next })} />
      <MachineText setting={setting} begin={begin} key={now} />
    </section>
  );
}

interface PolicedProps {
  readonly profile: AnyProfile;
  readonly policies: Policies;
  readonly choose: (policies: Policies) => void;
}

/** Release and policies; what is not as always is told even where the rest is folded. */
export function Policed({ profile, policies, choose }: PolicedProps) {
  const releases = profile.releases?.map(r => r.name) ?? [];
  const usual = defaultPolicies<Policies>(profile);
  const other = profile.policies
    .filter(p => policies[p.name] !== usual[p.name])
    .map(p => `${p.name}=${policies[p.name]}`);
  return (
    <>
      {releases.length > 0 && (
        <span class="pair">
          release{' '}
          <Choice
            words={releases}
            at={policies[RELEASE]!}
            name="release"
            choose={value => choose({ ...policies, [RELEASE]: value })}
          />
        </span>
      )}
      {profile.policies.length > 0 && (
        <details class="policies">
          <summary>
            {other.length === 0 ? 'policies: the usual answers' : `policies: ${other.join(', ')}`}
          </summary>
          {profile.policies.map(p => (
            <span class="pair" key={p.name} title={p.question}>
              {p.name}{' '}
              <Choice
                words={p.values.map(v => v.value)}
                at={policies[p.name]!}
                name={p.name}
                choose={value => choose({ ...policies, [p.name]: value })}
              />
            </span>
          ))}
        </details>
      )}
    </>
  );
}

const written = ({ profile, machine }: Setting): unknown =>
  VOCABULARIES[profile.name]!.machine.encode(machine);

/** The machine as JSON, read while it is typed. */
function MachineText({ setting, begin }: { setting: Setting; begin: (setting: Setting) => void }) {
  const [text, setText] = useState(() => JSON.stringify(written(setting), undefined, 1));
  const read = readMachine(setting.profile.name, text);
  const wrong = 'wrong' in read ? read.wrong : [];
  return (
    <details class="machine-text">
      <summary>the machine as JSON</summary>
      <textarea
        aria-label="the machine as JSON"
        rows={14}
        spellcheck={false}
        value={text}
        aria-invalid={wrong.length > 0}
        onInput={event => setText((event.target as HTMLTextAreaElement).value)}
      />
      <p class={wrong.length > 0 ? 'bad' : 'good'} role="status">
        {wrong.length > 0 ? wrong.join('; ') : 'a machine of this profile'}
      </p>
      <button
        type="button"
        disabled={wrong.length > 0}
        onClick={() => 'machine' in read && begin({ ...setting, machine: read.machine })}
      >
        begin anew with it
      </button>
    </details>
  );
}
