// Where a recording leaves the law: what was observed, and beside it what would have been allowed?
import type { Parting, Story, Way } from '../../conformance/index.js';
import { sceneAt, sceneOfWay, type Views } from '../scene/draw.js';
import { Machine, Outline } from './machine.js';
import { ClauseTold, spelled } from './told.js';

interface PartedProps {
  readonly story: Story;
  readonly views: Views;
  readonly at: number;
  readonly width: number;
}

/** Narrower than this the two stand one below the other. */
const BESIDE = 720;

export function Parted({ story, views, at, width }: PartedProps) {
  const { allowed, report, because = [] } = story.parting!;
  const beside = width >= BESIDE;
  const each = beside ? Math.floor((width - 24) / 2) - 26 : width - 26;
  const before = sceneAt(story, views, at);
  return (
    <>
      <div class={beside ? 'ways beside' : 'ways'}>
        <Observed story={story} views={views} at={at} width={each} />
        <section class="way allowed">
          <h2>{allowed.length > 1 ? 'allowed, each of these' : 'allowed'}</h2>
          {allowed.map(way => (
            <div key={`${way.rules.join()} ${way.answer}`}>
              <p class="answer">{way.answer}</p>
              {way.rules.map(id => (
                <ClauseTold key={id} story={story} id={id} />
              ))}
              {way === allowed.at(-1) && because.length > 0 && <Because facts={because} />}
              {(way.changes ?? []).length > 0 ? (
                <WayDrawn story={story} views={views} at={at} way={way} width={each} name="as allowed" />
              ) : (
                <p class="note">Nothing changes.</p>
              )}
            </div>
          ))}
        </section>
      </div>
      <h2 class="before">the machine before this call</h2>
      {before && <Machine scene={before} width={width} label="the machine before the call that diverges" />}
      {before && <Outline scene={before} />}
      <p class="again">
        <span class="quiet">again</span> <code>{report.again}</code>
      </p>
    </>
  );
}

/** What was observed, and the earlier events that bear on it. */
function Observed({ story, views, at, width }: PartedProps) {
  const { observed, differs, because = [], related: all } = story.parting!;
  // What is told as a reason is not told again.
  const related = all.filter(r => !because.some(b => b.says === r.says));
  return (
    <section class="way observed">
      <h2>observed</h2>
      <p class="answer">{observed.answer}</p>
      {differs && (
        <p class="differs">
          <code>{differs.path}</code> observed <b>{spelled(differs.observed)}</b>, allowed{' '}
          <b>{spelled(differs.allowed)}</b>
        </p>
      )}
      {observed.changes === undefined ? (
        <p class="note">No state of the law goes with this answer.</p>
      ) : observed.changes.length === 0 ? (
        <p class="note">Nothing changes that an observer sees.</p>
      ) : (
        <WayDrawn story={story} views={views} at={at} way={observed} width={width} name="as observed" />
      )}
      {related.length > 0 && <h3>earlier events that bear on it</h3>}
      <ul class="related">
        {related.map(r => (
          <li key={`${r.event} ${r.says}`}>
            {r.event !== undefined && <b>{`event ${r.event}: `}</b>}
            {r.says}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What the condition rests on, and which events made it so. */
function Because({ facts }: { facts: NonNullable<Parting['because']> }) {
  return (
    <>
      <h3>because</h3>
      <ul class="related">
        {facts.map(f => (
          <li key={`${f.event} ${f.says}`}>
            {f.says}
            {f.event !== undefined && <span class="quiet">{` (call ${f.event})`}</span>}
          </li>
        ))}
      </ul>
    </>
  );
}

interface WayProps extends PartedProps {
  readonly way: Way;
  readonly name: string;
}

function WayDrawn({ story, views, at, way, width, name }: WayProps) {
  const scene = sceneOfWay(story, views, at, way.changes ?? []);
  return scene === undefined ? null : <Machine scene={scene} width={width} label={`the machine ${name}`} />;
}
