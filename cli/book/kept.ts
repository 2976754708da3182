// Which verdicts were found before, of the same law, world, policies and explorer?
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Exploration } from '../../model/explore/exploration.js';
import { fromJson, toJson } from '../../model/explore/fast/spelling.js';
import type { Json } from '../../model/explore/snapshot.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { canonical } from '../../spec/kit/canonical.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, defaultPolicies } from '../../spec/law/profile.js';

const BUILT = fileURLToPath(new URL('../../', import.meta.url));
const FILE = join(BUILT, '../node_modules/.cache/iommu-spec/verdicts.json');

const IMPORTED = /\bfrom\s*['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]\s*\)/g;

/** What a page or a command tells of an exploration. */
export type Told = Pick<Exploration<AnyOp>, 'complete' | 'states' | 'transitions' | 'violations'>;

/**
 * The explorations of one process, to the end and with aims: the default answers to all questions about a world are
 * one law.
 */
export class Once {
  private readonly found = new Map<string, Told>();

  explored(world: AnyWorld, values: Policies, run: () => Told): Told {
    const policies = { ...defaultPolicies<Policies>(world.profile), ...world.policies, ...values };
    const key = canonical([world.name, policies]);
    const known = this.found.get(key);
    if (known !== undefined) return known;
    const { complete, states, transitions, violations } = run();
    const told: Told = { complete, states, transitions, violations };
    this.found.set(key, told);
    return told;
  }
}

/** SHA-256 of a compiled file and of all that it imports, by whatever way: of everything that decides what it does. */
export function fingerprintOfModule(file: string): string {
  const hash = createHash('sha256');
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(path, 'utf8');
    hash.update(`${path.slice(BUILT.length)} ${text.length}\n`).update(text);
    for (const [, from, late] of text.matchAll(IMPORTED)) visit(join(dirname(path), (from ?? late)!));
  };
  visit(join(BUILT, file));
  return hash.digest('hex');
}

/** Verdicts by what they come from. Those that nobody asked for are forgotten when it is written. */
export class Kept {
  private readonly before: { readonly [key: string]: Json };
  private readonly now: { [key: string]: Json } = {};
  private readonly fingerprints = new Map<string, string>();

  constructor(private readonly file = FILE) {
    this.before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { [key: string]: Json }) : {};
  }

  /** What an exploration of a world says, which the law, the world and the explorer decide. */
  explored<T>(world: AnyWorld, of: object, run: () => T): T {
    const { name } = world.profile;
    const files = [`spec/${name}/profile.js`, `model/worlds/${name}.js`, 'model/explore/explore.js'];
    return this.verdict(files, { world: world.name, ...of }, run);
  }

  /**
   * What `run` gives, from before if all is the same: the files, with what they import, and `of`, which is told apart
   * as JSON. What is kept is plain data.
   */
  verdict<T>(files: readonly string[], of: unknown, run: () => T): T {
    const parts = files.map(file => this.fingerprintOf(file));
    const key = createHash('sha256')
      .update(JSON.stringify([parts, toJson(of)]))
      .digest('hex');
    const before = this.now[key] ?? this.before[key];
    if (before === undefined) {
      this.now[key] = toJson(run());
      // At once: whoever interrupts the program has this one all the same.
      this.put({ ...this.before, ...this.now });
    } else {
      this.now[key] = before;
    }
    return fromJson(this.now[key]!) as T;
  }

  private fingerprintOf(file: string): string {
    const known = this.fingerprints.get(file) ?? fingerprintOfModule(file);
    this.fingerprints.set(file, known);
    return known;
  }

  write(): void {
    this.put(this.now);
  }

  private put(verdicts: { readonly [key: string]: Json }): void {
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(`${this.file}.new`, JSON.stringify(verdicts));
    renameSync(`${this.file}.new`, this.file);
  }
}
