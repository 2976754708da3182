// How is a recording judged that somebody has, without its leaving the machine?
import { useEffect, useRef, useState } from 'preact/hooks';
import { printable } from '../../conformance/index.js';
import { StoryDrawn } from '../../picture/page/story.js';
import { PROFILES } from '../../spec/index.js';
import { type Asking, ask } from '../worker/host.js';
import type { Answer, JudgeAnswer } from '../worker/messages.js';
import { Given, served } from './given.js';

interface Dropped {
  readonly name: string;
  readonly file: Blob;
}

const RELEASES = PROFILES['vfio-type1']!.releases!.map(r => r.name);

export function JudgeHere() {
  const [dropped, setDropped] = useState<Dropped | undefined>(undefined);
  const [release, setRelease] = useState('');
  const [at, setAt] = useState<{ readonly says: string; readonly part: number } | undefined>(undefined);
  const [judged, setJudged] = useState<JudgeAnswer | undefined>(undefined);
  const running = useRef<Asking | undefined>(undefined);
  useEffect(() => () => running.current?.stop(), []);
  const stop = (says: string): void => {
    running.current?.stop();
    setAt(undefined);
    setJudged({ is: 'judged', verdict: 'unfinished', says });
  };
  const judge = (next: Dropped, by = release): void => {
    running.current?.stop();
    setDropped(next);
    setJudged(undefined);
    setAt({ says: 'reading …', part: 0 });
    const hear = (answer: Answer): void => {
      if (answer.is === 'progress') setAt({ says: answer.says, part: answer.part ?? 0 });
      else if (answer.is === 'judged') {
        setAt(undefined);
        setJudged(answer);
      } else if (answer.is === 'failed') stop(`this is a bug of ours: ${answer.says}`);
    };
    running.current = ask({ is: 'judge', file: next.file, name: next.name, release: by }, hear);
  };
  return (
    <div class="judge">
      <Taking judge={judge} release={release} setRelease={setRelease} />
      {dropped && at && (
        <p class="about">
          <code>{printable(dropped.name)}</code> <progress aria-label="read" max={1} value={at.part} />{' '}
          <span role="status">{at.says}</span>{' '}
          <button type="button" onClick={() => stop('stopped')}>
            stop
          </button>
        </p>
      )}
      {dropped && judged && <Judged name={printable(dropped.name)} judged={judged} />}
    </div>
  );
}

interface TakingProps {
  readonly judge: (dropped: Dropped, release?: string) => void;
  readonly release: string;
  readonly setRelease: (release: string) => void;
}

/** Where a file is dropped, or chosen. */
function Taking({ judge, release, setRelease }: TakingProps) {
  const [over, setOver] = useState(false);
  const take = (files: FileList | null | undefined): void => {
    const file = files?.[0];
    if (file !== undefined) judge({ name: file.name, file });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a file can be chosen by keys as well
    <div
      class={`drop ${over ? 'over' : ''}`}
      onDragOver={event => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      <h1>Judge a recording here</h1>
      <p>
        A recording of ours, a trace file of the kernel (<code>iommu</code>, <code>dma</code> and{' '}
        <code>intel_iommu</code> events, or the probes of <code>iommu-spec record vfio</code>), a log of the
        kernel with fault lines, a log of <code>strace -f</code>, or QEMU's log of its VT-d events; packed by
        gzip or not.
      </p>
      <p>
        <label>
          choose a file{' '}
          <input type="file" onChange={event => take((event.target as HTMLInputElement).files)} />
        </label>{' '}
        or drop one here.{' '}
        <label>
          a log of VFIO calls is of{' '}
          <select value={release} onChange={event => setRelease((event.target as HTMLSelectElement).value)}>
            <option value="">the first release that goes with it</option>
            {RELEASES.map(name => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </p>
      <p class="good">
        {`Nothing leaves this machine: the file is judged by this page, and the page's policy lets it connect to nobody${served() ? ' but iommu-spec, on this machine' : ''}.`}
      </p>
      <Given judge={judge} />
    </div>
  );
}

const TONES = { conforms: 'good', diverges: 'bad', malformed: 'bad', unfinished: 'open' } as const;

function Judged({ name, judged }: { name: string; judged: JudgeAnswer }) {
  const { verdict, says, story, passedOver } = judged;
  return (
    <section class="judged" aria-label="verdict">
      <header class={`banner ${TONES[verdict]}`}>
        <p>
          <code>{name}</code>
        </p>
        <h2 class="verdict">{verdict === 'malformed' ? `malformed: ${says}` : says}</h2>
        {passedOver !== undefined && <p class="quiet">{passedOver}</p>}
      </header>
      {story && <StoryDrawn story={story} name={name} />}
    </section>
  );
}
