// Up to which run does a target with a fault answer as the reference does?
import { createHash } from 'node:crypto';
import type { Section } from '../../conformance/targets/campaign.js';

type Answer = (line: string) => string | undefined | Promise<string | undefined>;

interface Told {
  /** The run in which it was asked; before the first one: nothing. */
  readonly run: string;
  readonly line: string;
  readonly digest: string;
}

const digestOf = (text: string | undefined): string =>
  text === undefined ? 'nothing' : createHash('md5').update(text).digest('base64');

/**
 * What a campaign asked the reference, and digests of what was answered. A target that answers each line of a run
 * alike gets the same verdict on it, so the law need not be asked again.
 */
export class Conversation {
  private readonly told: Told[] = [];
  private run = '';

  /** The answers, written down. */
  heard(answer: Answer): Answer {
    return async line => {
      const text = await answer(line);
      this.told.push({ run: this.run, line, digest: digestOf(text) });
      return text;
    };
  }

  /** The sections, written down where each run begins. */
  followed(sections: readonly Section[]): readonly Section[] {
    return sections.map(section => {
      const begins = (run: string): void => {
        this.run = run;
      };
      return {
        ...section,
        *scripts() {
          for (const script of section.scripts()) {
            begins(script.name);
            yield script;
          }
        },
      };
    });
  }

  /** The first run in which something else is answered; undefined: nowhere, or nothing was written down. */
  async parting(answer: Answer): Promise<string | undefined> {
    for (const { run, line, digest } of this.told) {
      // The target introduces itself by another name.
      if (run === '') await answer(line);
      else if ((await answered(answer, line)) !== digest) return run;
    }
    return undefined;
  }
}

const answered = async (answer: Answer, line: string): Promise<string> => {
  try {
    return digestOf(await answer(line));
  } catch {
    return 'it threw';
  }
};

/** What is left of the sections from the first run of this name on. Runs of other names before it are not made. */
export function from(name: string, sections: readonly Section[]): readonly Section[] {
  let met = false;
  const isMet = (run: string): boolean => {
    met ||= run === name;
    return met;
  };
  return sections.map(section => ({
    ...section,
    *scripts() {
      for (const script of section.scripts()) if (isMet(script.name)) yield script;
    },
  }));
}
