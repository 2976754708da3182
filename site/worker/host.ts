// How does the page start its worker, from a server or from a folder alike, and stop it?
import { parcel } from '../parcels.js';
import type { Answer, Question } from './messages.js';

/** A worker by address is refused to a page that was opened from a folder: its text comes as a parcel. */
async function started(): Promise<Worker> {
  const text = await parcel<string>('worker');
  const address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  const worker = new Worker(address);
  URL.revokeObjectURL(address);
  return worker;
}

/** A question on its way; `stop` ends it, and whatever the worker is at. */
export interface Asking {
  readonly stop: () => void;
}

/** Asks a worker of its own, which ends with the answer. `hear` is told all that it says. */
export function ask(question: Question, hear: (answer: Answer) => void): Asking {
  let worker: Worker | undefined;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    worker?.terminate();
  };
  started().then(
    made => {
      worker = made;
      if (stopped) return made.terminate();
      made.addEventListener('message', event => {
        const answer = event.data as Answer;
        if (answer.is !== 'progress') made.terminate();
        hear(answer);
      });
      made.addEventListener('error', event => hear({ is: 'failed', says: event.message }));
      made.postMessage(question);
    },
    error => hear({ is: 'failed', says: error instanceof Error ? error.message : String(error) }),
  );
  return { stop };
}
