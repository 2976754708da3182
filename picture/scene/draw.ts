// What is there to draw of a story at one of its steps?
import type { Change, Story } from '../../conformance/index.js';
// Not from the whole of the court: a page would carry all of it.
import { changed } from '../../conformance/story/changed.js';
import { coreScene } from './core.js';
import { dmaScene } from './dma.js';
import { hardwareScene } from './hardware.js';
import { racesScene } from './races.js';
import { fact, fields, list, pageOf, text } from './reading.js';
import { asking, type Box, compared, type Scene } from './scene.js';
import { tceScene } from './tce.js';
import { designScene, type1Scene } from './vfio.js';

type Draw = (machine: unknown, view: unknown) => Scene;

/** Profiles with a picture of their own; any other has its view drawn as it is. */
const PICTURES: { readonly [profile: string]: Draw } = {
  'vfio-type1': type1Scene,
  'vfio-2011': designScene,
  'iommu-core': coreScene,
  'iommu-core-races': racesScene,
  hardware: hardwareScene,
  'spapr-tce': tceScene,
};

export const sceneOf = (profile: string, machine: unknown, view: unknown): Scene =>
  (Object.hasOwn(PICTURES, profile) ? PICTURES[profile]! : anyScene)(machine, view);

/** Each field of the view is a column. */
function anyScene(_: unknown, view: unknown): Scene {
  return {
    columns: Object.entries(fields(view)).map(([key, value]) => ({ title: key, boxes: rows(key, value) })),
    lines: [],
  };
}

function rows(key: string, value: unknown): readonly Box[] {
  const entries: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? list(value).map((row, at) => [String(at), row])
    : typeof value === 'object' && value !== null
      ? Object.entries(fields(value))
      : [['', value]];
  return entries.map(([name, row]) => ({
    id: `${key} ${name}`,
    kind: 'other',
    title: name === '' ? key : `${key} ${name}`,
    facts:
      typeof row === 'object' && row !== null && !Array.isArray(row)
        ? Object.entries(fields(row)).map(([k, v]) => fact(k, v))
        : [fact('', row)],
  }));
}

/** Every so many steps the whole view is kept. */
const KEPT = 64;

/** The views of a story: each is what the changes make of the one before. */
export class Views {
  private readonly kept: unknown[];

  constructor(private readonly story: Story) {
    this.kept = [story.start];
  }

  /** The view after so many steps; undefined where the story does not tell it. */
  after(steps: number): unknown {
    const { story, kept } = this;
    const told = story.steps.length - (story.parting === undefined ? 0 : 1);
    if (steps > story.seen) return steps >= told ? story.end : undefined;
    let from = Math.min(Math.floor(steps / KEPT), kept.length - 1);
    let view = kept[from];
    for (let n = from * KEPT; n < steps; n++) {
      view = changed(view, story.steps[n]!.changes ?? []);
      if ((n + 1) % KEPT === 0) kept[++from] ??= view;
    }
    return view;
  }
}

/** The machine after step number `at` (from 0; -1: the start), with what the step changed marked. */
export function sceneAt(story: Story, views: Views, at: number): Scene | undefined {
  const step = story.steps[at];
  const parted = step?.verdict === 'diverges';
  const now = parted ? at : at + 1;
  const after = drawn(story, views.after(now), now);
  if (after === undefined || step === undefined) return after;
  const before = parted ? undefined : drawn(story, views.after(at), at);
  const scene = compared(before, after);
  return asked(scene, story, step.op, views.after(now) ?? {});
}

/** The machine if a divergence had gone one of its ways. */
export function sceneOfWay(
  story: Story,
  views: Views,
  at: number,
  changes: readonly Change[],
): Scene | undefined {
  const view = views.after(at);
  const before = drawn(story, view, at);
  if (before === undefined) return undefined;
  const after = drawn(story, changed(view, changes), at)!;
  return asked(compared(before, after), story, story.steps[at]!.op, view);
}

function drawn(story: Story, view: unknown, steps: number): Scene | undefined {
  if (view === undefined) return undefined;
  if (story.profile === 'linux-dma') return dmaScene(view, story.steps.slice(0, steps));
  return sceneOf(story.profile, story.machine, view);
}

/** Marks the addresses that a call names, on the bars that it is about. */
function asked(scene: Scene, story: Story, op: unknown, view: unknown): Scene {
  const o = fields(op);
  const first = pageOf(o['iova']);
  if (first === undefined) return scene;
  const count = Math.max(pageOf(o['unmapped'] ?? o['size'] ?? '0x1000') ?? 1, 1);
  const call = text(o['op']);
  const about = aboutOf(story, o, fields(view));
  const fits = (box: Box): boolean => about === undefined || box.id === about;
  return asking(scene, fits, { first, count, call });
}

/** The box whose addresses the call means; undefined: any. */
function aboutOf(
  story: Story,
  o: { readonly [key: string]: unknown },
  view: { readonly [key: string]: unknown },
): string | undefined {
  if (typeof o['domain'] === 'number') return `domain ${o['domain']}`;
  const handle = fields(fields(view['handles'])[text(o['handle'])]);
  if (handle['kind'] === 'container') return `container ${text(handle['target'])}`;
  if (handle['kind'] === 'context') return `set ${text(handle['target'])}`;
  if (typeof o['device'] !== 'number') return undefined;
  const group = fields(list(fields(story.machine)['devices'])[o['device']])['group'];
  const into = fields(list(view['groups'])[Number(group)]);
  if (typeof into['container'] === 'number') return `container ${into['container']}`;
  if (typeof into['set'] === 'number') return `set ${into['set']}`;
  const on = fields(list(view['devices'])[o['device']])['domain'];
  return on === undefined || on === null ? undefined : `domain ${text(on)}`;
}
