// How does a machine at one moment look, and what does somebody hear who cannot see it?
import type { BarPlaced } from '../scene/bar-layout.js';
import { BAR } from '../scene/bar-layout.js';
import { type BoxPlaced, factText, type LinePlaced, placed } from '../scene/layout.js';
import { CHAR, charsIn, cut } from '../scene/measure.js';
import { type Box, type Scene, telling } from '../scene/scene.js';

const classes = (...names: readonly (string | undefined | false)[]): string =>
  names.filter(Boolean).join(' ');

/** The scene as a picture of this width. */
export function Machine({ scene, width, label }: { scene: Scene; width: number; label: string }) {
  const { height, heads, boxes, lines } = placed(scene, width);
  return (
    <svg
      class="machine"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      {heads.map(h => (
        <text key={h.title} class="head" x={h.x} y={h.y}>
          {h.title}
        </text>
      ))}
      {lines.map((l, i) => (
        <Line key={String(i)} placed={l} />
      ))}
      {boxes.map(b => (
        <Drawn key={b.box.id} at={b} />
      ))}
    </svg>
  );
}

/** Labels that every such line has are not drawn. */
const PLAIN = ['is of', 'in', 'on', 'set to', 'holds', 'root'];

function Line({ placed: { line, path, x, y } }: { placed: LinePlaced }) {
  return (
    <g class={classes('line', line.shade, line.mark)}>
      <title>{`${line.from} ${line.label} ${line.to}`}</title>
      <path d={path} />
      {!PLAIN.includes(line.label) && (
        <text x={x} y={y} text-anchor="end">
          {line.label}
        </text>
      )}
    </g>
  );
}

const SIGN = { new: 'new', gone: 'gone' } as const;

function Drawn({ at }: { at: BoxPlaced }) {
  const { box, x, y, width, height, title, facts, bar, boxes } = at;
  const sign = box.mark === 'new' || box.mark === 'gone' ? SIGN[box.mark] : undefined;
  return (
    <g class={classes('box', box.kind, box.shade, box.mark)}>
      <rect x={x} y={y} width={width} height={height} rx={box.kind === 'descriptor' ? 12 : 5} />
      <text class="title" x={x + 9} y={y + 17}>
        {title}
      </text>
      {sign && (
        <text class="sign" x={x + width - 9} y={y + 17} text-anchor="end">
          {sign}
        </text>
      )}
      {facts.map(f => (
        <text
          key={f.fact.key}
          class={classes('fact', f.fact.shade, f.fact.was !== undefined && 'changed')}
          x={f.x}
          y={f.y + 12}
        >
          <title>{factText(f.fact)}</title>
          <FactText text={cut(factText(f.fact), charsIn(width - 14))} name={f.fact.key} />
        </text>
      ))}
      {bar && <AddressBar at={bar} />}
      {boxes.map(b => (
        <Drawn key={b.box.id} at={b} />
      ))}
    </g>
  );
}

function FactText({ text, name }: { text: string; name: string }) {
  if (name === '' || !text.startsWith(name)) return <tspan class="value">{text}</tspan>;
  return (
    <>
      <tspan class="key">{name}</tspan>
      <tspan class="value">{text.slice(name.length)}</tspan>
    </>
  );
}

function AddressBar({ at }: { at: BarPlaced }) {
  const { x, top, width, pieces, asked, words } = at;
  return (
    <g class="bar">
      <rect class="space" x={x} y={top} width={width} height={BAR} rx={2} />
      {pieces.map(p => (
        <rect
          key={`${p.range.first} ${p.range.count} ${p.range.to} ${p.range.mark ?? ''}`}
          class={classes('range', p.range.shade, p.range.mark)}
          x={p.x}
          y={top}
          width={p.width}
          height={BAR}
        />
      ))}
      {asked && (
        <g class="asked">
          <path
            d={`M${asked.x} ${top - 7} v5 M${asked.x} ${top - 5} h${asked.width} M${asked.x + asked.width} ${top - 7} v5`}
          />
          <rect x={asked.x} y={top - 2} width={asked.width} height={BAR + 4} />
          <text x={asked.labelX} y={top - 11}>
            {asked.label}
          </text>
        </g>
      )}
      {words.map(w => (
        <text
          key={String(w.y)}
          class={classes('word', w.range?.mark, w.range?.shade)}
          x={x}
          y={w.y}
          textLength={w.text.length > 200 ? w.text.length * CHAR : undefined}
        >
          {w.text}
        </text>
      ))}
    </g>
  );
}

/** The same in words: an outline for those who hear the page. */
export function Outline({ scene }: { scene: Scene }) {
  return (
    <div class="heard">
      {scene.columns.map(c => (
        <section key={c.title}>
          <p>{c.title}</p>
          <ul>
            {c.boxes.map(b => (
              <Item key={b.id} box={b} scene={scene} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Item({ box, scene }: { box: Box; scene: Scene }) {
  const mark = box.mark === 'new' || box.mark === 'gone' || box.mark === 'changed' ? ` (${box.mark})` : '';
  const lines = scene.lines.filter(l => l.from === box.id).map(l => `${l.label} ${l.to}`);
  const ranges = (box.bar?.ranges ?? []).slice(0, 20).map(r => `${r.first} + ${r.count} pages ${r.to}`);
  const told = [...(box.facts ?? []).filter(telling).map(factText), ...lines, ...ranges].join(', ');
  return (
    <li>
      {`${box.title}${mark}: ${told}`}
      {(box.boxes ?? []).length > 0 && (
        <ul>
          {box.boxes!.map(b => (
            <Item key={b.id} box={b} scene={scene} />
          ))}
        </ul>
      )}
    </li>
  );
}
