// How is a recording written down, so that one recording has one spelling?
import type { AnyOp } from '../../spec/law/profile.js';
import type { Vocabulary } from '../../spec/protocol/profiles.js';
import { Call, type Event, FORMAT, Header, Return, VERSION } from '../../spec/protocol/trace.js';
import { readHeader } from './header.js';
import { type Laws, lawNamed } from './laws.js';
import { LIMITS } from './limits.js';
import { Malformed } from './malformed.js';
import { Pairs } from './pairs.js';
import { isObject } from './shape.js';
import { encodeUtf8 } from './utf8.js';

/** What a producer says about a recording; format, version and count are filled in here. */
export type Opening = Omit<Header, 'format' | 'version' | 'events'>;

/** A whole recording as text. `header.machine` and the events' ops are decoded values, with bigints. */
export function encodeTrace(header: Opening, events: readonly Event<AnyOp>[], laws: Laws): string {
  let text = '';
  for (const line of traceLines({ ...header, events: events.length }, events, laws)) text += line;
  return text;
}

/**
 * The same line by line, each with its newline, for a recording that is not to be held as a whole. The
 * number of events comes first and is kept to. Keys stand in the order of the codec, those of policies and
 * observed states in alphabetical order. Every line is read again before it is given out, so that a value
 * that no reader would take is found by who wrote it: that is a bug of the producer, a plain Error.
 */
export function* traceLines(
  header: Opening & { readonly events: number },
  events: Iterable<Event<AnyOp>>,
  laws: Laws,
): Generator<string> {
  const { vocabulary } = producers(() => lawNamed(laws, header.profile));
  const first = headerLine(header, vocabulary);
  const pairs = new Pairs(
    producers(() => readHeader({ number: 1, text: first }, laws, LIMITS)),
    LIMITS,
  );
  let number = 1;
  const checked = (text: string): string => {
    producers(() => pairs.line({ number: ++number, text }));
    return lineOf(text);
  };
  yield lineOf(first);
  for (const { n, op, note, setup, outcome, state } of events) {
    const call: Call = {
      call: n,
      op: vocabulary.op.encode(op),
      ...(note === undefined ? {} : { note }),
      ...(setup === undefined ? {} : { setup }),
    };
    yield checked(JSON.stringify(Call.encode(call)));
    const seen = state === undefined ? {} : { state: sorted(state) as typeof state };
    yield checked(JSON.stringify(Return.encode({ return: n, outcome, ...seen })));
  }
  producers(() => pairs.end());
}

function headerLine(header: Opening & { readonly events: number }, vocabulary: Vocabulary): string {
  const machine = vocabulary.machine.encode(header.machine);
  const policies =
    header.policies === undefined ? {} : { policies: sorted(header.policies) as typeof header.policies };
  return JSON.stringify(Header.encode({ ...header, ...policies, format: FORMAT, version: VERSION, machine }));
}

function lineOf(text: string): string {
  const most = LIMITS.lineBytes;
  if (text.length * 3 > most && encodeUtf8(text).length > most) {
    throw new Error(`a line of more than ${most} bytes, which no reader would take`);
  }
  return `${text}\n`;
}

/** What is malformed here was not read from anybody's file: it is a bug of whoever produced it. */
function producers<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Error(`this recording cannot be written: ${error.message}`, { cause: error });
  }
}

/** The same value with the keys of all its records in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map(key => [key, sorted(value[key])]),
  );
}
