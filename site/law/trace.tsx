// How is a recording of the corpus, or a counterexample, told step by step?
import { useEffect, useState } from 'preact/hooks';
import { judgeAndTell, readTrace, type Story, tellEvents } from '../../conformance/index.js';
import { visible } from '../../picture/html.js';
import { StoryDrawn } from '../../picture/page/story.js';
import { storySays } from '../../picture/says.js';
import { PROFILES } from '../../spec/index.js';
import type { Event } from '../../spec/protocol/index.js';
import type { Counterexample, Debates, TraceTexts } from '../index/parcel-names.js';
import { parcel } from '../parcels.js';

/** The text of a recording of the corpus. */
export async function textOf(name: string): Promise<string> {
  for (const profile of profilesLike(name)) {
    const texts = await parcel<TraceTexts>(`traces-${profile}`);
    if (Object.hasOwn(texts, name)) return texts[name]!;
  }
  throw new Error(`there is no recording ${name}`);
}

/** The names of most recordings begin with their profile: those of the design of 2011 came first, and do not. */
function profilesLike(name: string): readonly string[] {
  const file = name.replace(/^.*\//, '');
  const named = Object.keys(PROFILES).filter(p => file.startsWith(`${p}-`));
  const longest = named.sort((a, b) => b.length - a.length)[0];
  const others = Object.keys(PROFILES).filter(p => p !== longest);
  return longest === undefined ? ['vfio-2011', ...others] : [longest, ...others];
}

export async function storyOfText(name: string, text: string): Promise<Story> {
  const { story } = await judgeAndTell(await readTrace([text]), { file: name });
  return visible(story) as Story;
}

export async function counterexample(n: number): Promise<Counterexample> {
  const { counterexamples } = await parcel<Debates>('debates');
  const found = counterexamples[n];
  if (found === undefined) throw new Error('there is no such counterexample');
  return found;
}

async function storyOfCounterexample(n: number): Promise<Story> {
  const { text, property, says, why, cycle } = await counterexample(n);
  const trace = await readTrace([text]);
  const events: Event<never>[] = [];
  for await (const event of trace.events()) events.push(event as Event<never>);
  const broken = { property, says, why, ...(cycle === undefined ? {} : { cycle }) };
  return visible(tellEvents(trace, events, { whole: true, broken })) as Story;
}

const toneOf = ({ broken, verdict }: Story): string =>
  broken !== undefined || verdict === 'diverges' ? 'bad' : verdict === 'conforms' ? 'good' : 'open';

interface ToldProps {
  readonly name: string;
  readonly story: () => Promise<Story>;
  /** The address that takes the calls into the playground. */
  readonly play: string;
}

export const CorpusTrace = ({ name }: { name: string }) => (
  <Told name={name} story={async () => storyOfText(name, await textOf(name))} play={`#play-trace/${name}`} />
);

export const CounterexampleTrace = ({ n }: { n: number }) => (
  <Told name="counterexample" story={() => storyOfCounterexample(n)} play={`#play-counterexample/${n}`} />
);

function Told({ name, story, play }: ToldProps) {
  const [told, setTold] = useState<Story | Error | undefined>(undefined);
  useEffect(() => {
    story().then(setTold, setTold);
  }, [name]);
  if (told === undefined) return <p class="about quiet">reading …</p>;
  if (told instanceof Error) return <p class="about broken">{told.message}</p>;
  return (
    <>
      <header class={`banner ${toneOf(told)}`}>
        <p class="ways-out">
          <button type="button" onClick={() => history.back()}>
            ◀ back
          </button>
          <code>{name}</code>
          <a href={play}>go on in the playground</a>
        </p>
        <h1>{storySays(told)}</h1>
      </header>
      <StoryDrawn story={told} name={name} />
    </>
  );
}
