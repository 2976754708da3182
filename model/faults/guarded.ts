// What if a faulty implementation does not answer at all, but throws?
import type { View } from '../../spec/law/profile.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Restartable } from '../driven.js';

/** The machine, with a crash as an answer that no law allows: it is compared, shrunk and shown like any other. */
export function guarded(machine: Restartable): Restartable {
  const tried = <A>(act: () => A, crashed: (says: string) => A): A => {
    try {
      return act();
    } catch (error) {
      return crashed((error as Error).message);
    }
  };
  return {
    ...(machine.chooses === undefined ? {} : { chooses: machine.chooses }),
    reset: () => machine.reset(),
    step: (op, force) =>
      tried(
        () => machine.step(op, force),
        says => ({ is: 'crashed', says }) as unknown as Outcome,
      ),
    view: () =>
      tried(
        () => machine.view(),
        (says): View => ({ crashed: says }),
      ),
  };
}
