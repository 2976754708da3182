// How do the page tables and the IOTLB look through the eyes of their law?
import { NO_DOMAIN, Translator, type TranslatorParts } from '../../impl/iotlb/translator.js';
import { PageArena } from '../../impl/radix/arena.js';
import { DONE, INVALID, MAPPED, NO_MEMORY, RANGE } from '../../impl/radix/format.js';
import { eachLeaf } from '../../impl/vfio-2011/extent.js';
import type { AnyOp, View } from '../../spec/law/profile.js';
import type { Errno } from '../../spec/protocol/errno.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Restartable } from '../driven.js';
import type { Op, Run, Setup } from './law.js';

const ERRNOS: ReadonlyMap<number, Errno> = new Map([
  [MAPPED, 'EEXIST'],
  [NO_MEMORY, 'ENOMEM'],
  [RANGE, 'ERANGE'],
  [INVALID, 'EINVAL'],
  [NO_DOMAIN, 'ENODEV'],
]);

/** Enough table pages for any world, and so few sets that ranges of all ways to invalidate are small. */
const SMALL = { arena: 24, sets: 4 };

/** Which classes a machine is made of, asked at each start; left out: the implementation's own. */
export interface Classes {
  readonly translator?: typeof Translator;
  readonly parts?: NonNullable<TranslatorParts['parts']>;
}

export class TranslationMachine implements Restartable {
  private translator: Translator;
  /** Pages of each domain: what maps asked for and unmaps said that they removed. */
  private account: number[] = [];

  constructor(
    private readonly setup: Setup,
    private readonly classes: () => Classes = () => ({}),
  ) {
    this.translator = this.made();
  }

  private made(): Translator {
    this.account = new Array<number>(this.setup.domains).fill(0);
    const { translator: base = Translator, parts = {} } = this.classes();
    const { domains } = this.setup;
    return new base({ arena: new PageArena({ pages: SMALL.arena }), domains, sets: SMALL.sets, parts });
  }

  reset(): void {
    this.translator = this.made();
  }

  step(any: AnyOp): Outcome {
    const op = any as Op;
    const { translator: t, account } = this;
    switch (op.op) {
      case 'create':
        return answer(t.create(op.domain));
      case 'destroy':
        account[op.domain] = 0;
        return answer(t.destroy(op.domain));
      case 'map': {
        const result = t.map(op.domain, op.page, op.frame, op.pages, op.prot);
        if (result === DONE) account[op.domain]! += op.pages;
        return answer(result);
      }
      case 'unmap': {
        const removed = t.unmap(op.domain, op.page, op.pages);
        if (removed > 0) account[op.domain]! -= removed;
        return answer(Math.min(removed, DONE));
      }
      case 'access': {
        const frame = t.translate(op.domain, op.page, op.access);
        return frame < 0 ? { is: 'fault' } : { is: 'ok', paddr: BigInt(frame) * 4096n };
      }
    }
  }

  view(): View {
    const domains = this.account.map((account, domain) => ({
      made: this.translator.table(domain) !== undefined,
      account,
      runs: this.runs(domain) as unknown as readonly View[],
    }));
    const idle = domains.every(d => d.runs.length === 0);
    return { domains, tables: idle ? this.translator.arena.tablePagesInUse : null };
  }

  private runs(domain: number): readonly Run[] {
    const runs: Run[] = [];
    const table = this.translator.table(domain);
    if (table === undefined) return runs;
    eachLeaf(table, (page, frame, level, prot) => {
      const pages = 2 ** (9 * level);
      const last = runs.at(-1);
      const goesOn =
        last !== undefined &&
        last.page + last.pages === page &&
        last.frame + last.pages === frame &&
        last.prot === prot;
      if (goesOn) runs[runs.length - 1] = { ...last, pages: last.pages + pages };
      else runs.push({ page, pages, frame, prot });
    });
    return runs;
  }
}

function answer(code: number): Outcome {
  if (code === DONE) return { is: 'ok' };
  const errno = ERRNOS.get(code);
  if (errno === undefined) throw new Error(`the translator answered ${code}, which means nothing`);
  return { is: 'refused', errno };
}
