// How does somebody walk through a story, step by step?
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Story } from '../../conformance/index.js';
import { sceneAt, Views } from '../scene/draw.js';
import { lanesOf } from '../scene/lanes.js';
import { Calls } from './calls.js';
import { LanesDrawn } from './lanes.js';
import { Machine, Outline } from './machine.js';
import { Parted } from './parted.js';
import { StepTold } from './told.js';

/** How wide an element is, whatever the window does. */
export function useWidth(start: number) {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(start);
  useEffect(() => {
    const { current } = element;
    if (current === null) return;
    const look = (): void => setWidth(Math.max(280, Math.floor(current.clientWidth)));
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(current);
    return () => watcher.disconnect();
  }, []);
  return { element, width };
}

const PAGE = 10;
/** Longer lists of calls are not printed. */
const PRINTED = 300;

/** Where a key leads from here; undefined: nowhere. */
function whereTo(key: string, at: number, last: number): number | undefined {
  const to: { readonly [key: string]: number } = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    PageDown: at + PAGE,
    PageUp: at - PAGE,
    Home: -1,
    End: last,
  };
  return to[key] === undefined ? undefined : Math.min(Math.max(to[key]!, -1), last);
}

/** Keys of somebody who types, or chooses, are not ours. */
const busy = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && /^(?:INPUT|SELECT|TEXTAREA)$/.test(target.tagName);

export function Player({ story, name }: { story: Story; name: string }) {
  const last = story.steps.length - 1;
  const [at, setAt] = useState(last);
  const views = useMemo(() => new Views(story), [story]);
  const go = (to: number): void => setAt(Math.min(Math.max(to, -1), last));
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.altKey || event.ctrlKey || event.metaKey || busy(event.target)) return;
      if (whereTo(event.key, 0, last) === undefined) return;
      event.preventDefault();
      // From where it is by then: keys may come faster than pictures.
      setAt(now => whereTo(event.key, now, last) ?? now);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [last]);
  return (
    <div class="player">
      <Calls steps={story.steps} at={at} go={go} name={name} />
      {story.steps.length <= PRINTED && <Printed story={story} />}
      <div class="stage">
        <Controls at={at} last={last} go={go} n={story.steps[at]?.n} left={story.left ?? 0} />
        <Now story={story} views={views} at={at} go={go} />
      </div>
    </div>
  );
}

/** On paper the list of calls is there as a whole. */
const Printed = ({ story }: { story: Story }) => (
  <ol class="printed">
    {story.steps.map(s => (
      <li key={String(s.n)} value={s.n}>
        <b>{s.call}</b>
        {` ${s.fields} → `}
        <b>{s.answer}</b>
        {`  ${s.verdict === 'diverges' ? 'not allowed' : s.rules.join(', ')}`}
      </li>
    ))}
  </ol>
);

interface ControlsProps {
  readonly at: number;
  readonly last: number;
  readonly go: (at: number) => void;
  readonly n: number | undefined;
  /** Calls that are left out. */
  readonly left: number;
}

function Controls({ at, last, go, n, left }: ControlsProps) {
  const button = (label: string, sign: string, to: number, off: boolean) => (
    <button type="button" aria-label={label} title={label} disabled={off} onClick={() => go(to)}>
      {sign}
    </button>
  );
  return (
    <div class="controls">
      {button('to the start', '|◀', -1, at < 0)}
      {button('one step back', '◀', at - 1, at < 0)}
      {button('one step on', '▶', at + 1, at >= last)}
      {button('to the end', '▶|', last, at >= last)}
      <input
        type="range"
        aria-label="step"
        min={-1}
        max={last}
        value={at}
        onInput={event => go(Number((event.target as HTMLInputElement).value))}
      />
      <output aria-live="polite">
        {at < 0 ? 'before the first call' : `call ${n} of ${last + 1 + left}`}
      </output>
      <span class="keys">keys ← → Home End</span>
    </div>
  );
}

interface NowProps {
  readonly story: Story;
  readonly views: Views;
  readonly at: number;
  readonly go: (at: number) => void;
}

function Now({ story, views, at, go }: NowProps) {
  const lanes = useMemo(() => lanesOf(story), [story]);
  const { element, width } = useWidth(840);
  const scene = useMemo(() => sceneAt(story, views, at), [story, views, at]);
  const step = story.steps[at];
  const label = `the machine ${step === undefined ? 'at the start' : `after call ${step.n}`}`;
  const parted = story.parting !== undefined && step?.verdict === 'diverges';
  return (
    <>
      {step && <StepTold story={story} step={step} />}
      <div class="drawing" ref={element}>
        {parted ? (
          <Parted story={story} views={views} at={at} width={width} />
        ) : scene === undefined ? (
          <p class="note">
            {`The machine is drawn up to call ${story.seen} and at the end: views of so many calls were not compared.`}
          </p>
        ) : (
          <>
            {step !== undefined && step.possible > 1 && (
              <p class="note">{`${step.possible} states are possible here; drawn is one of them.`}</p>
            )}
            <Machine scene={scene} width={width} label={label} />
            <Outline scene={scene} />
          </>
        )}
        {lanes && <LanesDrawn lanes={lanes} at={at} go={go} width={width} />}
      </div>
    </>
  );
}
