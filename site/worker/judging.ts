// How does a worker judge a file that somebody has, piece by piece?

import type { Story } from '../../conformance/index.js';
import { judgeAndTell, judgeTrace, Malformed, tellPassedOver } from '../../conformance/index.js';
import { isPacked, openRecording, peek } from '../../conformance/logs/opening.js';
import { visible } from '../../picture/html.js';
import { storySays } from '../../picture/says.js';
import type { Answer, JudgeQuestion } from './messages.js';

/** Bytes between two reports. */
const REPORTED = 1 << 20;

/** The verdict with the story, as the command has it. What is no recording is told with its place. */
export async function judging(
  { file, name, release, quick }: JudgeQuestion,
  say: (answer: Answer) => void,
): Promise<void> {
  try {
    const source = await unpackedOf(counted(file, say), name);
    const trace = await openRecording(name, source, release === '' ? {} : { release });
    if (quick === true) {
      const { verdict } = await judgeTrace(trace);
      const event = verdict.verdict === 'diverges' ? verdict.event : undefined;
      return say({ is: 'judged', verdict: verdict.verdict, ...(event === undefined ? {} : { event }) });
    }
    const { story: told, verdict } = await judgeAndTell(trace, { file: name });
    const story = visible(told) as Story;
    const passed = tellPassedOver(trace.passedOver);
    say({
      is: 'judged',
      verdict: verdict.verdict,
      says: storySays(story),
      story,
      ...(passed === undefined ? {} : { passedOver: String(visible(passed)) }),
    });
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    say({ is: 'judged', verdict: 'malformed', says: error.message });
  }
}

/** The file in pieces, with how far it is. */
async function* counted(file: Blob, say: (answer: Answer) => void): AsyncGenerator<Uint8Array> {
  let [bytes, reported] = [0, 0];
  const reader = file.stream().getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      bytes += next.value.length;
      if (bytes - reported >= REPORTED) {
        reported = bytes;
        say({
          is: 'progress',
          says: `${percent(bytes, file.size)} read`,
          part: bytes / Math.max(file.size, 1),
        });
      }
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const percent = (part: number, whole: number): string =>
  `${Math.floor((100 * part) / Math.max(whole, 1))} % of ${(whole / 1e6).toFixed(1)} MB`;

async function unpackedOf(
  source: AsyncIterable<Uint8Array>,
  name: string,
): Promise<AsyncIterable<Uint8Array>> {
  const { first, all } = await peek(source);
  if (isPacked(first)) return unpacked(all, name);
  if (!name.endsWith('.gz')) return all;
  throw new Malformed('truncated', { line: 1 }, `${name} is not a whole gzip file: it does not begin as one`);
}

/** The browser's own gunzip; what is no gzip, or ends early, is malformed input. */
async function* unpacked(packed: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const pieces = packed[Symbol.asyncIterator]();
  const stream = new ReadableStream<BufferSource>({
    async pull(to) {
      const next = await pieces.next();
      if (next.done) to.close();
      else to.enqueue(next.value as Uint8Array<ArrayBuffer>);
    },
  });
  const reader = stream.pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Malformed('truncated', { line: 1 }, `${name} is not a whole gzip file: ${reason}`);
  } finally {
    await reader.cancel().catch(() => {});
  }
}
