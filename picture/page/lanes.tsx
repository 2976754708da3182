// How does a race look: a lane for each thread, what it did when, and which locks it held?
import type { Lanes } from '../scene/lanes.js';
import { charsIn, cut } from '../scene/measure.js';

const ROW = 22;
const HEAD = 26;
/** So many steps around the one that is looked at. */
const AROUND = 40;
/** Beside a lane, for each lock that is held at once. */
const BESIDE = 12;

interface LanesProps {
  readonly lanes: Lanes;
  readonly at: number;
  readonly go: (at: number) => void;
  readonly width: number;
}

export function LanesDrawn({ lanes, at, go, width }: LanesProps) {
  const { threads, steps, held } = lanes;
  const first = Math.max(0, Math.min(at - AROUND, steps.length - 2 * AROUND));
  const shown = steps.slice(first, first + 2 * AROUND);
  const end = first + shown.length;
  const lane = Math.floor(width / Math.max(threads.length, 1));
  const yOf = (step: number): number => HEAD + (Math.min(Math.max(step, first), end) - first) * ROW;
  const height = HEAD + shown.length * ROW + 8;
  return (
    <svg
      class="lanes"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label="the steps of each thread, and the locks that it held"
    >
      {threads.map((name, i) => (
        <g key={name}>
          <text class="head" x={i * lane} y={14}>
            {cut(name, charsIn(lane))}
          </text>
          <path class="lane" d={`M${i * lane + 2} ${HEAD} V${height - 4}`} />
        </g>
      ))}
      {held
        .filter(h => h.to >= first && h.from < end)
        .map(h => {
          const depth = held.filter(
            o => o !== h && o.thread === h.thread && o.from < h.from && o.to > h.from,
          ).length;
          const x = h.thread * lane + 8 + depth * BESIDE;
          return (
            <g key={`${h.lock} ${h.from}`} class="held">
              <title>{`${h.lock}: held by thread ${h.thread}`}</title>
              <rect
                x={x}
                y={yOf(h.from) + 3}
                width={8}
                height={Math.max(yOf(h.to) - yOf(h.from), 8)}
                rx={3}
              />
            </g>
          );
        })}
      {shown.map(s => (
        <StopDrawn key={String(s.at)} lanes={lanes} stop={s} y={yOf(s.at)} lane={lane} at={at} go={go} />
      ))}
    </svg>
  );
}

interface StopProps extends Omit<LanesProps, 'width'> {
  readonly stop: Lanes['steps'][number];
  readonly y: number;
  /** How wide a lane is. */
  readonly lane: number;
}

function StopDrawn({ lanes: { held }, stop: s, y, lane, at, go }: StopProps) {
  const x = s.thread * lane + 8 + 4 * BESIDE;
  const room = lane - 4 * BESIDE - 20;
  const taking = held.find(h => h.from === s.at)?.lock;
  const words = taking === undefined ? s.says : `${s.says} (${taking})`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys are those of the list of calls
    <g
      class={`stop${s.at === at ? ' now' : ''}${s.bad ? ' wrong' : ''}${s.at > at ? ' later' : ''}`}
      onClick={() => go(s.at)}
    >
      <rect x={x} y={y + 2} width={room} height={ROW - 4} rx={8} />
      <text x={x + 8} y={y + 15}>
        {cut(`${s.at + 1} ${words}`, charsIn(room - 12))}
      </text>
    </g>
  );
}
