// Which of the states that another thread sends are new? This file is a thread of its own.
import { workerData } from 'node:worker_threads';
import { Store } from '../../model/explore/fast/store.js';
import { ENDED, type Handed, PHASE, SEEN } from './second.js';

const { width, count, chunks, seen, ring, port } = workerData as Handed;

function work(): void {
  const store = new Store(width, count, chunk => port.postMessage(chunk));
  store.takeChunks(chunks, count);
  Atomics.store(seen, SEEN.phase, PHASE.works);
  for (let done = 0; ; ) {
    Atomics.wait(seen, SEEN.sent, done);
    const sent = Atomics.load(seen, SEEN.sent);
    if (sent === ENDED) return;
    while (done < sent) {
      const slot = done % ring.length;
      store.addAll(ring[slot]!, seen[SEEN.lengths + slot]!);
      Atomics.store(seen, SEEN.count, store.count);
      Atomics.store(seen, SEEN.slots, store.slots);
      done++;
      Atomics.store(seen, SEEN.done, done);
      Atomics.notify(seen, SEEN.done);
    }
  }
}

try {
  work();
} catch (error) {
  port.postMessage(error instanceof Error ? error.message : String(error));
  Atomics.store(seen, SEEN.phase, PHASE.failed);
  Atomics.notify(seen, SEEN.done);
}
port.close();
