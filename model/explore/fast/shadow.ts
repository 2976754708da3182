// Do the plain rules still say what the learned answers say? A sample is asked again.
import type { Policies } from '../../../spec/law/clause.js';
import { type AnyOp, allowed } from '../../../spec/law/profile.js';
import type { World } from '../world.js';
import type { FastEngine } from './engine.js';
import type { Entities } from './entities.js';
import { Impure } from './trie.js';
import type { Units } from './units.js';
import type { Views } from './views.js';

/** One state in so many is expanded a second time, by the plain rules on plain objects. */
const ONE_IN = 4096;

/** Catches what read tracking cannot see: a rule that depends on something besides the state. */
export class Shadow<S extends object, O extends AnyOp, P extends Policies, Setup> {
  constructor(
    private readonly world: World<S, O, P, Setup>,
    private readonly policies: P,
    private readonly entities: Entities,
    private readonly views: Views,
    private readonly units: Units<S, O, P, Setup>,
  ) {}

  check(engine: FastEngine, from: number, to: number): void {
    for (let n = Math.ceil(from / ONE_IN) * ONE_IN; n < to; n += ONE_IN) this.checkState(engine, n);
  }

  checkState(engine: FastEngine, number: number): void {
    const codes = engine.codesOf(number, new Int32Array(this.entities.base));
    this.compare(codes);
  }

  private compare(codes: Int32Array): void {
    const state = this.entities.decode(codes) as S;
    this.views.look(codes);
    const scratch = new Int32Array(this.entities.base);
    for (const unit of this.units.ops) {
      const op = this.world.ops[unit.index]!;
      const learned = this.units.resolveOp(unit);
      const offered = this.world.offers === undefined || this.world.offers(state, op);
      const plain = offered ? allowed(this.world.profile, state, op, this.policies) : [];
      const same =
        offered === learned.offered &&
        plain.length === learned.endings.length &&
        plain.every((e, i) => {
          const l = learned.endings[i]!;
          if (l.rule !== e.rule) return false;
          const after = this.units.after(codes, l, scratch);
          const now = this.entities.encode(e.state);
          return now.every((code, at) => code === after[at]);
        });
      if (!same) {
        throw new Impure(
          `'${unit.trie.name}' is not a function of the state: run again on the same state it ended otherwise`,
        );
      }
    }
  }
}
