// How is a recording shown: what is said of it as a whole, and its steps?
import type { Story } from '../../conformance/index.js';
import { Player } from './player.js';

export function StoryDrawn({ story, name }: { story: Story; name: string }) {
  const chosen = Object.entries(story.chosen).map(([key, value]) => `${key}=${value}`);
  const about = [
    story.profile,
    ...(story.release === undefined ? [] : [story.release]),
    ...chosen,
    `recorded by: ${story.producer}`,
  ];
  return (
    <>
      <section class="about" aria-label="the recording">
        <p>
          <b>{story.file ?? name}</b> <span class="quiet">{about.join(' · ')}</span>
        </p>
        {story.broken && (
          <p class="broken">
            <code>{story.broken.property}</code> {story.broken.says} <b>{story.broken.why}.</b>
            {story.broken.cycle !== undefined &&
              ` From call ${story.broken.cycle} on it goes round and round.`}
          </p>
        )}
        {story.left !== undefined && (
          <p class="note">{`${story.left} calls behind call ${story.seen} are left out here; they were judged.`}</p>
        )}
        {story.reason !== undefined && <p class="broken">{story.reason}</p>}
        {story.broken === undefined && story.narration.map(line => <p key={line}>{line}</p>)}
      </section>
      <Player story={story} name={name} />
    </>
  );
}
