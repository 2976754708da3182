// What is not to outlive this process, however that ends?
import { constants } from 'node:os';

const ends = new Set<() => void>();
let watching = false;

/** A signal that ends us by itself runs no `exit` listeners, so those that a person or a job sends are caught. */
function watch(): void {
  if (watching) return;
  watching = true;
  process.on('exit', () => {
    for (const end of ends) end();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

/** `end` is called when we end, unless what is given back was called before: then it has ended by itself. */
export function endsWithUs(end: () => void): () => void {
  watch();
  ends.add(end);
  return () => void ends.delete(end);
}
