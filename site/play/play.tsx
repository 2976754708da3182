// How does somebody make calls, one after the other, and see what the law allows?
import { useEffect, useMemo, useState } from 'preact/hooks';
import { readTrace } from '../../conformance/index.js';
import { visible } from '../../picture/html.js';
import { Calls } from '../../picture/page/calls.js';
import { Machine, Outline } from '../../picture/page/machine.js';
import { useWidth } from '../../picture/page/player.js';
import { StepTold } from '../../picture/page/told.js';
import { sceneAt, Views } from '../../picture/scene/draw.js';
import type { Allowed, AnyOp, Policies } from '../../spec/index.js';
import { VOCABULARIES } from '../../spec/protocol/index.js';
import { ask } from '../worker/host.js';
import type { SearchAnswer, World } from '../worker/messages.js';
import { WhatIsAllowed } from './allowed.js';
import { type Followed, follow } from './beside.js';
import { BesideChosen, BesideTold, DrawnThere } from './beside-told.js';
import { codecOf, type Json, operationsOf, readCall, suggested } from './blank.js';
import { Explore } from './explore.js';
import { Choice, RecordFields } from './form.js';
import { begun, endingsOf, type Game, goTo, leavesOf, lookAt, opened, storyOf, take, wayTo } from './game.js';
import { Kept } from './kept.js';
import { machinesOf, PLAYABLE, settingOf } from './machines.js';
import { SettingChosen } from './setting.js';

/** The game goes on where it was left, as long as the page is open. */
let kept: Game | undefined;

const usual = (): Game => begun(settingOf(PLAYABLE[0]!, machinesOf(PLAYABLE[0]!)[0]!));

interface PlayProps {
  /** A recording to go on from. */
  readonly text?: () => Promise<string>;
}

export function Play({ text }: PlayProps) {
  const [game, setGame] = useState<Game>(() => kept ?? usual());
  const [says, setSays] = useState('');
  const [first, setFirst] = useState<Json | undefined>(undefined);
  const change = (next: Game): void => setGame((kept = next));
  useEffect(() => {
    if (text === undefined) return;
    openText(text).then(
      ({ game: next, leaves }) => {
        change(next);
        if (leaves !== undefined)
          setFirst(VOCABULARIES[next.setting.profile.name]!.op.encode(leaves.op) as Json);
        setSays(
          leaves === undefined
            ? ''
            : `The recording leaves the law at event ${leaves.n}: here are the calls before it, and that call in the form.`,
        );
      },
      error => setSays(error instanceof Error ? error.message : String(error)),
    );
  }, [text]);
  return (
    <div class="play">
      <h1 class="heard">Playground</h1>
      {says !== '' && <p class="broken">{says}</p>}
      <Table game={game} change={change} first={first} />
    </div>
  );
}

const openText = async (text: () => Promise<string>) => opened(await readTrace([await text()]));

interface TableProps {
  readonly game: Game;
  readonly change: (game: Game) => void;
  /** The call that the form is to have. */
  readonly first: Json | undefined;
}

function Table({ game, change, first }: TableProps) {
  const { setting } = game;
  const [worlds, setWorlds] = useState<readonly World[]>([]);
  const [other, setOther] = useState<Policies | undefined>(undefined);
  const name = setting.profile.name;
  useEffect(() => {
    setWorlds([]);
    setOther(undefined);
    const asking = ask({ is: 'worlds', profile: name }, answer => {
      if (answer.is === 'worlds') setWorlds(answer.worlds);
    });
    return asking.stop;
  }, [name]);
  const beside = useMemo(
    () => (other === undefined ? undefined : follow(setting, other, wayTo(game.at))),
    [setting, other, game.at],
  );
  return (
    <>
      <SettingChosen setting={setting} worlds={worlds} begin={s => change(begun(s))} />
      <div class="table">
        <div class="left">
          <Way game={game} change={change} />
          <BesideChosen setting={setting} other={other} choose={setOther} />
          {beside && <BesideTold followed={beside} way={wayTo(game.at)} />}
          <Kept game={game} />
        </div>
        <div class="middle">
          <NextCall game={game} change={change} worlds={worlds} beside={beside} first={first} />
        </div>
        <Drawn game={game} beside={beside} />
      </div>
    </>
  );
}

/** The calls of the way that is looked at, and the other ways. */
function Way({ game, change }: { game: Game; change: (game: Game) => void }) {
  const story = useMemo(
    () => visible(storyOf(game)) as ReturnType<typeof storyOf>,
    [game.line, game.setting],
  );
  const at = (game.at?.n ?? 0) - 1;
  const leaves = leavesOf(game);
  return (
    <section aria-label="calls so far">
      <p class="controls">
        <button type="button" disabled={at < 0} onClick={() => change(goTo(game, at))}>
          ◀ undo
        </button>
        <button
          type="button"
          disabled={at >= story.steps.length - 1}
          onClick={() => change(goTo(game, at + 2))}
        >
          redo ▶
        </button>
        <button type="button" disabled={game.made.length === 0} onClick={() => change(begun(game.setting))}>
          anew
        </button>
        <output aria-live="polite">{at < 0 ? 'no call yet' : `behind call ${at + 1}`}</output>
      </p>
      {story.steps.length > 0 && (
        <Calls steps={story.steps} at={at} go={to => change(goTo(game, to + 1))} name="the game" />
      )}
      {leaves.length > 1 && (
        <p class="branches">
          {leaves.map((leaf, i) => (
            <button
              type="button"
              class="small"
              key={String(i)}
              aria-pressed={leaf === game.line}
              onClick={() => change(lookAt(game, leaf))}
            >
              {`way ${i + 1}: ${leaf.n} ${leaf.n === 1 ? 'call' : 'calls'}`}
            </button>
          ))}
        </p>
      )}
    </section>
  );
}

interface NextProps extends TableProps {
  readonly worlds: readonly World[];
  readonly beside: Followed | undefined;
}

/** The form of the next call, and what the law allows for it. */
function NextCall({ game, change, worlds, beside, first }: NextProps) {
  const ops = operationsOf(game);
  const [call, setCall] = useState<Json>(() => suggested(game, ops[0]!, 1));
  const [seed, setSeed] = useState(1);
  const op = opOf(call, ops);
  // A call of another profile is none here.
  useEffect(() => {
    if (opOf(call, ops) === undefined) setCall(suggested(game, ops[0]!, 1));
  }, [game.setting]);
  useEffect(() => {
    if (first !== undefined) setCall(first);
  }, [first]);
  const suggest = (name: string, next: number): void => {
    setSeed(next);
    setCall(suggested(game, name, next));
  };
  if (op === undefined) return null;
  const read = readCall(game.setting, call);
  const taken = (made: AnyOp, ending: Allowed<object>): void => {
    const next = take(game, made, ending);
    change(next);
    setCall(suggested(next, op, seed));
  };
  return (
    <>
      <section class="next-call" aria-label="the next call">
        <p class="controls">
          <span class="pair">
            call <Choice words={ops} at={op} name="call" choose={name => suggest(name, 1)} />
          </span>
          <button
            type="button"
            title="another call as a random walk makes it"
            onClick={() => suggest(op, seed + 1)}
          >
            another
          </button>
        </p>
        <RecordFields
          codec={codecOf(game.setting.profile.name, op)}
          value={call}
          set={setCall}
          name=""
          machine={game.setting.machine}
          but="op"
        />
        <Wrong says={'wrong' in read ? read.wrong : []} />
      </section>
      {'op' in read && (
        <WhatIsAllowed game={game} op={read.op} beside={beside} take={ending => taken(read.op, ending)} />
      )}
      <Explore
        game={game}
        worlds={worlds}
        call={'op' in read ? call : undefined}
        go={way => change(gone(game, way))}
      />
    </>
  );
}

const Wrong = ({ says }: { says: readonly string[] }) => (
  <p class="bad" role="status">
    {says.join('; ')}
  </p>
);

function opOf(call: Json, ops: readonly string[]): string | undefined {
  const op = typeof call === 'object' && call !== null ? (call as { readonly op?: Json }).op : undefined;
  return typeof op === 'string' && ops.includes(op) ? op : undefined;
}

/** The calls that the worker found, made one by one: what it says is asked of the law once more. */
function gone(game: Game, way: NonNullable<SearchAnswer['way']>): Game {
  let now = game;
  for (const { op: json, ending } of way) {
    const read = readCall(now.setting, json);
    if (!('op' in read)) return now;
    const found = endingsOf(now, read.op)?.[ending];
    if (found === undefined) return now;
    now = take(now, read.op, found);
  }
  return now;
}

function Drawn({ game, beside }: { game: Game; beside: Followed | undefined }) {
  const { element, width } = useWidth(520);
  const story = useMemo(
    () => visible(storyOf(game)) as ReturnType<typeof storyOf>,
    [game.line, game.setting],
  );
  const views = useMemo(() => new Views(story), [story]);
  const at = (game.at?.n ?? 0) - 1;
  const scene = useMemo(() => sceneAt(story, views, at), [story, views, at]);
  const step = story.steps[at];
  return (
    <section class="drawing" ref={element as never} aria-label="the machine">
      {step && <StepTold story={story} step={step} />}
      {scene && <Machine scene={scene} width={width} label="the machine now" />}
      {scene && <Outline scene={scene} />}
      {beside && <DrawnThere game={game} followed={beside} width={width} />}
    </section>
  );
}
