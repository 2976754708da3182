// How is a story written for another tool: Mermaid, Graphviz, a viewer of model checkers' traces, Perfetto?
import type { Story } from '../conformance/index.js';
import { Usage } from './exit.js';
import { didYouMean } from './meant.js';
import { numbered } from './options.js';
import type { Out } from './terminal.js';
import { tryToWrite } from './written.js';

const NAMES = ['mermaid', 'dot', 'itf', 'perfetto'];

interface Asked {
  readonly format: string;
  readonly file: string;
}

/** `dot=story.dot`. Throws `Usage`; to be called before anything is done. */
export function drawingsOf(texts: readonly string[] = []): readonly Asked[] {
  return texts.map(text => {
    const equals = text.indexOf('=');
    const [format, file] = equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    if (!NAMES.includes(format))
      throw new Usage(`--draw is one of ${NAMES.join(', ')}, not ${format}${didYouMean(format, NAMES)}`);
    if (file === '') throw new Usage(`--draw needs a file: --draw ${format}=FILE`);
    return { format, file };
  });
}

/** A file for each; of several stories `name.dot`, `name.2.dot`. What cannot be written is told, and ends with 73. */
export async function drawStories(
  stories: readonly Story[],
  asked: readonly Asked[],
  out: Out,
): Promise<void> {
  if (asked.length === 0) return;
  const { FORMATS } = await import('../picture/formats/formats.js');
  for (const { format, file } of asked)
    for (const [i, story] of stories.entries()) {
      const to = numbered(file, i);
      out.say(tryToWrite(to, FORMATS[format]!(story)) ?? `${format}: ${to}`);
    }
}
