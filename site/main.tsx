// What does the page show at its address?
import { render } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { PROFILES } from '../spec/index.js';
import { type Address, addressOf } from './address.js';
import { JudgeHere } from './judge/judge.js';
import { DebatesRead } from './law/debates.js';
import { Findings } from './law/findings.js';
import { Rules } from './law/rules.js';
import { CorpusTrace, CounterexampleTrace, counterexample, textOf } from './law/trace.js';
import { Play } from './play/play.js';
import { unpacked } from './play/share.js';

const here = (): Address => addressOf(location.hash, Object.keys(PROFILES));

/** What stands above every part. */
const PARTS = [
  ['rules', 'Rules'],
  ['debates', 'Debates'],
  ['findings', 'Findings'],
  ['play', 'Playground'],
  ['judge', 'Judge here'],
] as const;

function App() {
  const [address, setAddress] = useState(here);
  useEffect(() => {
    const look = (): void => setAddress(here());
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  useEffect(() => {
    document.title = `${titleOf(address)} · iommu-spec`;
    if (address.at !== 'debates') scrollTo(0, 0);
  }, [address]);
  const part = partOf(address);
  return (
    <>
      <header class="site">
        <a class="brand" href="#rules">
          iommu-spec
        </a>
        <nav aria-label="parts of the site">
          {PARTS.map(([name, title]) => (
            <a key={name} href={`#${name}`} aria-current={part === name ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
      </header>
      <main>
        <Shown address={address} />
      </main>
    </>
  );
}

function partOf({ at }: Address): string {
  if (at === 'clause' || at === 'trace') return 'rules';
  return at === 'counterexample' ? 'debates' : at.startsWith('play') ? 'play' : at;
}

function titleOf(address: Address): string {
  if (address.at === 'clause') return `${address.id} of ${address.profile}`;
  if (address.at === 'trace') return address.name;
  return PARTS.find(([name]) => name === partOf(address))?.[1] ?? 'Rules';
}

function Shown({ address }: { address: Address }) {
  switch (address.at) {
    case 'clause':
      return <Rules profile={address.profile} id={address.id} />;
    case 'debates':
      return <DebatesRead {...(address.policy === undefined ? {} : { policy: address.policy })} />;
    case 'counterexample':
      return <CounterexampleTrace key={String(address.n)} n={address.n} />;
    case 'findings':
      return <Findings />;
    case 'trace':
      return <CorpusTrace key={address.name} name={address.name} />;
    case 'play':
    case 'play-trace':
    case 'play-counterexample':
      return <Played address={address} key={JSON.stringify(address)} />;
    case 'judge':
      return <JudgeHere />;
    default:
      return <Rules />;
  }
}

type PlayAddress = Extract<Address, { at: 'play' | 'play-trace' | 'play-counterexample' }>;

function Played({ address }: { address: PlayAddress }) {
  const text = useMemo(() => textFor(address), [address]);
  return <Play {...(text === undefined ? {} : { text })} />;
}

/** The recording that an address names, or holds. */
function textFor(address: PlayAddress): (() => Promise<string>) | undefined {
  if (address.at === 'play-trace') return () => textOf(address.name);
  if (address.at === 'play-counterexample') return async () => (await counterexample(address.n)).text;
  const { packed } = address;
  return packed === undefined ? undefined : () => unpacked(packed);
}

document.documentElement.classList.add('live');
const app = document.getElementById('app')!;
app.textContent = '';
render(<App />, app);
