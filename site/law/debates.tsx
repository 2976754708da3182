// What do the sources argue about, and what does the checker say of each answer?
import { useEffect, useState } from 'preact/hooks';
import { type AnyProfile, type Policy, PROFILES, SOURCES } from '../../spec/index.js';
import type { Counterexample, Debates, DebateVerdict } from '../index/parcel-names.js';
import { parcel } from '../parcels.js';

interface Debate {
  readonly profile: AnyProfile;
  readonly policy: Policy;
}

const DEBATES: readonly Debate[] = Object.values(PROFILES).flatMap(profile =>
  profile.policies.map(policy => ({ profile, policy })),
);

/** Two profiles may ask a question by the same name. */
const keyOf = ({ profile, policy }: Debate): string => `${profile.name}/${policy.name}`;

export function DebatesRead({ policy: named }: { policy?: string }) {
  const [runs, setRuns] = useState<Debates | Error | undefined>(undefined);
  useEffect(() => {
    parcel<Debates>('debates').then(setRuns, setRuns);
  }, []);
  useEffect(() => {
    if (named !== undefined) document.getElementById(`debate-${named}`)?.scrollIntoView();
  }, [named]);
  return (
    <div class="reading">
      <h1>What the sources argue about</h1>
      <p>
        Each question is a policy of the law with an answer for each side. The checker explored every answer
        in every state of a small machine; where a promise breaks, the shortest way there can be walked step
        by step.
      </p>
      {runs instanceof Error && <p class="broken">{runs.message}</p>}
      <nav class="contents" aria-label="questions">
        <ul>
          {DEBATES.map(d => (
            <li key={keyOf(d)}>
              <a href={`#debates/${keyOf(d)}`}>{d.policy.question}</a>{' '}
              <span class="quiet">{d.profile.name}</span>
            </li>
          ))}
        </ul>
      </nav>
      {DEBATES.map(d => (
        <DebateRead key={keyOf(d)} debate={d} runs={runs instanceof Error ? undefined : runs} />
      ))}
    </div>
  );
}

function DebateRead({ debate, runs }: { debate: Debate; runs: Debates | undefined }) {
  const { profile, policy } = debate;
  return (
    <section class="debate" id={`debate-${keyOf(debate)}`} aria-label={policy.question}>
      <h2>{policy.question}</h2>
      <p class="quiet">
        <code>{policy.name}</code>
        {` of ${profile.name}. `}
        {policy.cite.map(c => `${SOURCES[c.source].title}, ${SOURCES[c.source].version}: ${c.at}`).join('; ')}
      </p>
      <div class="answers">
        {policy.values.map(({ value, says, argument }, i) => {
          const verdict = runs?.verdicts.find(
            v => v.profile === profile.name && v.policy === policy.name && v.value === value,
          );
          const breaks = verdict?.says.includes('breaks ') === true;
          return (
            <div key={value} class={`way ${breaks ? 'observed' : 'allowed'}`}>
              <h3>
                <code>{value}</code>
                {i === 0 && <span class="tag">default</span>}
              </h3>
              <p>{sentence(says)}</p>
              <p class="quiet">{sentence(argument)}</p>
              {verdict && <VerdictRead verdict={verdict} all={runs!.counterexamples} breaks={breaks} />}
            </div>
          );
        })}
      </div>
    </section>
  );
}

interface VerdictProps {
  readonly verdict: DebateVerdict;
  readonly all: readonly Counterexample[];
  readonly breaks: boolean;
}

function VerdictRead({ verdict, all, breaks }: VerdictProps) {
  return (
    <>
      <p class={breaks ? 'bad' : 'good'}>{verdict.says.replaceAll('`', '')}</p>
      <ul>
        {verdict.shown.map(n => (
          <li key={String(n)}>
            <a href={`#counterexample/${n}`}>{`${stepsIn(all[n]!)} steps`}</a> to{' '}
            <code>{all[n]!.property}</code>
            {` in ${all[n]!.world}: ${all[n]!.says}`}
          </li>
        ))}
      </ul>
    </>
  );
}

/** The header, and two lines for each call. */
const stepsIn = ({ text }: Counterexample): number => (text.trimEnd().split('\n').length - 1) / 2;

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
