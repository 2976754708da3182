// Which files did `iommu-spec ui` hand over, and how are they judged?
import { useEffect, useState } from 'preact/hooks';
import { printable } from '../../conformance/index.js';

interface GivenProps {
  readonly judge: (dropped: { readonly name: string; readonly file: Blob }) => void;
}

/** The command says in the page that it serves that there is a list; a site of any other server has none. */
export const served = (): boolean => document.documentElement.dataset['files'] !== undefined;

export function Given({ judge }: GivenProps) {
  const [names, setNames] = useState<readonly string[]>([]);
  const [says, setSays] = useState('');
  useEffect(() => {
    if (!served()) return;
    listed().then(setNames, error => setSays(String(error)));
  }, []);
  const open = async (name: string, at: number): Promise<void> => {
    const answer = await fetch(`files/${at}`);
    if (answer.ok) judge({ name, file: await answer.blob() });
    else setSays(`${name} cannot be read: ${await answer.text()}`);
  };
  if (names.length === 0 && says === '') return null;
  return (
    <p>
      given to <code>iommu-spec ui</code>:{' '}
      {names.map((name, at) => (
        <button type="button" key={String(at)} onClick={() => void open(name, at)}>
          {printable(name)}
        </button>
      ))}
      {says !== '' && <span class="bad">{printable(says)}</span>}
    </p>
  );
}

async function listed(): Promise<readonly string[]> {
  const answer = await fetch('files/list.json');
  return answer.ok ? ((await answer.json()) as readonly string[]) : [];
}
