// Which seed do the random tests of impl run with, and how is a run repeated?

/** SEED=... in the environment repeats a run; each test prints the seed it used. */
export function seedOf(test: { diagnostic(message: string): void }): number {
  const given = process.env['SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  test.diagnostic(`repeat with SEED=${seed}`);
  return seed;
}
