// What did an earlier exploration of the same law learn, and where is it kept for the next one?
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from '../model/explore/explore.js';
import type { Knowledge, KnowledgeHead } from '../model/explore/knowledge.js';
import { canonical } from '../spec/index.js';
import { reasonOf, Unreadable } from './exit.js';
import { explorerHash, type Fingerprint, refusal } from './fingerprint.js';
import { seal, unseal } from './sealed.js';

const LEARNED = { magic: 'iommu-spec learned 1', noun: 'record of what was learned' } as const;

interface Head {
  readonly of: Fingerprint;
  /** Of the explorer that wrote it: another one may number otherwise. */
  readonly explorer: string;
  readonly head: KnowledgeHead;
}

/** One file for each question that may be asked of a world; what a changed law has learned takes its place. */
function fileOf(folder: string, { law: _, ...question }: Fingerprint): string {
  const hash = createHash('sha256').update(canonical(question)).digest('hex').slice(0, 12);
  return join(folder, `${question.world}-${hash}.learned`);
}

/** What is kept in a folder for one exploration. Nothing that is wrong with it ends the exploration. */
export class KeptLearning {
  private readonly file: string;
  private readonly explorer = explorerHash();
  /** What a person should know of it, in sentences. */
  readonly remarks: string[] = [];
  /** Why it could not be written. */
  unwritten: string | undefined;

  constructor(
    folder: string,
    private readonly of: Fingerprint,
  ) {
    this.file = fileOf(folder, of);
  }

  get options(): Pick<Options, 'known' | 'keep'> {
    return { known: () => this.read(), keep: take => this.write(take) };
  }

  private read(): Knowledge | undefined {
    if (!existsSync(this.file)) return undefined;
    try {
      const { head, words } = unseal<Head>(this.file, LEARNED);
      const stale =
        refusal(head.of, this.of) ??
        (head.explorer === this.explorer ? undefined : 'was made by another version of the explorer');
      if (stale === undefined) return { head: head.head, words: words[0] ?? new Int32Array(0) };
      this.remarks.push(`what was learned before ${stale}: learned again`);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.remarks.push(`${error.message}: learned again`);
    }
    return undefined;
  }

  private write(take: () => Knowledge): void {
    try {
      const { head, words } = take();
      seal<Head>(this.file, LEARNED, {
        head: { of: this.of, explorer: this.explorer, head },
        words: [words],
      });
    } catch (error) {
      this.unwritten = `${this.file} cannot keep what was learned: ${reasonOf(error)}`;
    }
  }
}
