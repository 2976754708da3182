// Where do the court and the whole of the law meet? The outermost entries, over every profile there is.
import type { AnyOp } from '../spec/law/profile.js';
import { PROFILES } from '../spec/profiles.js';
import { VOCABULARIES } from '../spec/protocol/profiles.js';
import type { Event } from '../spec/protocol/trace.js';
import type { Coverage } from './coverage/collect.js';
import * as coverage from './coverage/table.js';
import * as suite from './suite/suite.js';
import type { Laws } from './trace/laws.js';
import type { Source } from './trace/lines.js';
import * as read from './trace/read.js';
import * as write from './trace/write.js';

/** Every profile of the law, with its words. */
export const LAWS: Laws = { profiles: PROFILES, vocabularies: VOCABULARIES };

/** Reads the header of a recording; its events come when they are asked for. Throws `Malformed` only. */
export function readTrace(
  source: Source,
  options: read.ReadOptions = {},
  laws: Laws = LAWS,
): Promise<read.Trace> {
  return read.readTrace(source, laws, options);
}

/** A recording as text, in its one spelling. Values that no reader would take are a bug of the producer. */
export function encodeTrace(
  header: write.Opening,
  events: readonly Event<AnyOp>[],
  laws: Laws = LAWS,
): string {
  return write.encodeTrace(header, events, laws);
}

/** The same line by line, for recordings that are not to be held as a whole. */
export function traceLines(
  header: write.Opening & { readonly events: number },
  events: Iterable<Event<AnyOp>>,
  laws: Laws = LAWS,
): Generator<string> {
  return write.traceLines(header, events, laws);
}

/** Judges named traces against what their headers announce, and collects what they exercise. */
export function runSuite(
  traces: Iterable<suite.NamedTrace> | AsyncIterable<suite.NamedTrace>,
  options: suite.SuiteOptions = {},
  laws: Laws = LAWS,
): Promise<suite.SuiteResult> {
  return suite.runSuite(traces, laws, options);
}

/** Every clause of the law with how often it spoke, never included. */
export function coverageTable(
  collected: Iterable<Coverage>,
  laws: Laws = LAWS,
): readonly coverage.ProfileCoverage[] {
  return coverage.coverageTable(collected, laws.profiles);
}
