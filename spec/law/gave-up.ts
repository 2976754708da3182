// What does a law say when a recording leaves more open than it can carry?

/**
 * The budget of the law ran out: not a refusal, not a bug. A judge answers "unfinished" with this message.
 */
export class GaveUp extends Error {
  override readonly name = 'GaveUp';
}
