// How does somebody walk through a small world, from state to state?
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Part, StateWay } from '../document.js';
import { sceneOf } from '../scene/draw.js';
import { type GraphPlaced, NODE, placedGraph, wayTo } from '../scene/graph.js';
import { compared } from '../scene/scene.js';
import { useRows } from './calls.js';
import { Machine, Outline } from './machine.js';
import { useWidth } from './player.js';

type GraphPart = Extract<Part, { is: 'graph' }>;

export function GraphWalked({ part }: { part: GraphPart }) {
  const { graph } = part;
  const placed = useMemo(() => placedGraph(graph), [graph]);
  /** The states gone through, and the one that is looked at last. */
  const [path, setPath] = useState<readonly number[]>([0]);
  const at = path.at(-1)!;
  const before = path.at(-2);
  const { element, width } = useWidth(700);
  const drawn = (state: number) => sceneOf(graph.profile, graph.machine, graph.views[state]);
  const scene = useMemo(
    () => compared(before === undefined ? undefined : drawn(before), drawn(at)),
    [graph, at, before],
  );
  return (
    <section class="table-part" aria-label={part.name}>
      <p>{part.says}</p>
      <div class="walked">
        <WorldMap placed={placed} at={at} path={path} jump={state => setPath(wayTo(placed, state))} />
        <div class="stage" ref={element}>
          <p class="controls">
            <button type="button" disabled={path.length < 2} onClick={() => setPath(path.slice(0, -1))}>
              ◀ back
            </button>
            <button type="button" disabled={path.length < 2} onClick={() => setPath([0])}>
              |◀ start
            </button>
            <output aria-live="polite">{`state ${at}, ${path.length - 1} steps from the start, at least ${placed.nodes[at]!.depth}`}</output>
          </p>
          <Ways ways={placed.ways[at]!} at={at} go={to => setPath([...path, to])} />
          <Machine scene={scene} width={width} label={`the machine in state ${at}`} />
          <Outline scene={scene} />
        </div>
      </div>
    </section>
  );
}

const ROW = 28;

function Ways({ ways, at, go }: { ways: readonly StateWay[]; at: number; go: (to: number) => void }) {
  const { scroller, virtual } = useRows(ways.length, ROW);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="ways-on" ref={scroller as never} tabIndex={0} aria-label="what can be called here">
      <div class="all" style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map(item => {
          const way = ways[item.index]!;
          const stays = way.to === at;
          return (
            <button
              type="button"
              key={String(item.index)}
              class={stays ? 'stays' : ''}
              style={{ top: `${item.start}px`, height: `${ROW - 2}px` }}
              disabled={stays}
              title={`${way.call} → ${way.answer}, ${way.rule}`}
              onClick={() => go(way.to)}
            >
              <b>{way.call}</b>
              {` → ${way.answer} · ${way.rule}${stays ? '' : ` → state ${way.to}`}`}
            </button>
          );
        })}
      </div>
    </section>
  );
}

interface MapProps {
  readonly placed: GraphPlaced;
  readonly at: number;
  readonly path: readonly number[];
  readonly jump: (state: number) => void;
}

function WorldMap({ placed, at, path, jump }: MapProps) {
  const { width, height, nodes, first, ways } = placed;
  const section = useRef<HTMLElement>(null);
  const { x, y } = nodes[at]!;
  useEffect(() => {
    const { current } = section;
    current?.scrollTo(x - current.clientWidth / 2, y - current.clientHeight / 2);
  }, [x, y]);
  const on = new Set(path);
  const next = new Set(ways[at]!.map(w => w.to).filter(to => to !== at));
  const line = (from: number, to: number): string => {
    const [a, b] = [nodes[from]!, nodes[to]!];
    return `M${a.x} ${a.y} C${a.x} ${(a.y + b.y) / 2} ${b.x} ${(a.y + b.y) / 2} ${b.x} ${b.y}`;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="map" ref={section} tabIndex={0} aria-label="map of all states">
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`${nodes.length} states`}
      >
        {first.map((way, to) => way && <path key={`t${to}`} class="first" d={line(way.from, to)} />)}
        {[...next].map(to => (
          <path key={`n${to}`} class="next" d={line(at, to)} />
        ))}
        {nodes.map((n, state) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: keys walk by the list of calls
          <g
            key={String(state)}
            class={`state${state === at ? ' now' : ''}${on.has(state) ? ' on' : ''}${next.has(state) ? ' to' : ''}`}
            onClick={() => jump(state)}
          >
            <circle cx={n.x} cy={n.y} r={NODE / 2 - 1} />
            <text x={n.x} y={n.y + 4} text-anchor="middle">
              {state}
            </text>
          </g>
        ))}
      </svg>
    </section>
  );
}
