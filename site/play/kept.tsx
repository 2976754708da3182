// How is a game kept, or given to somebody else: as a file, or as an address?
import { useState } from 'preact/hooks';
import { type Game, recorded } from './game.js';
import { packed } from './share.js';

export function Kept({ game }: { game: Game }) {
  const [address, setAddress] = useState('');
  const share = async (): Promise<void> => {
    const link = new URL(location.href);
    link.hash = `play=${await packed(recorded(game))}`;
    setAddress(link.href);
    await navigator.clipboard?.writeText(link.href).catch(() => {});
  };
  return (
    <section class="kept" aria-label="keep or share">
      <button type="button" onClick={() => save(recorded(game))}>
        save as a recording
      </button>{' '}
      <button type="button" onClick={() => void share()}>
        address of this game
      </button>
      {address !== '' && (
        <p>
          <input
            class="text"
            readOnly
            aria-label="address of this game"
            value={address}
            onFocus={event => (event.target as HTMLInputElement).select()}
          />
          <span class="quiet">{` ${address.length} characters; the calls are in it, and nowhere else`}</span>
        </p>
      )}
    </section>
  );
}

/** As a file of the browser's own download. */
function save(text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/jsonl' }));
  link.download = 'playground.jsonl';
  link.click();
  URL.revokeObjectURL(link.href);
}
