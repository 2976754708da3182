// Which events does a kernel's trace file report, line by line, and what kind of recording is it?
import type { Machine, Op } from '../../spec/protocol/linux-dma.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Line } from '../trace/lines.js';
import { Malformed } from '../trace/malformed.js';
import type { PassedOver } from '../trace/passed-over.js';
import { READERS } from './events.js';
import { FaultLines } from './fault-lines.js';
import { messageOf, prefixOf } from './prefix.js';
import { Scanner } from './scanner.js';

/** The profile whose words imported events are in. */
export const FTRACE_PROFILE = 'linux-dma';

/** So many kinds of lines that were passed over are told apart. */
const MOST_KINDS = 500;
/** Lines of what happens only to devices in a group, or to their domains. */
const NEEDS_GROUP = new Set<Op['op']>([
  'map',
  'unmap',
  'attach_device_to_domain',
  'detach_device_from_domain',
  'remove_device_from_group',
]);
const LOST = /CPU:\d+ \[(?:LOST (\d+ )?EVENTS|(\d+ )?EVENTS DROPPED)\]$/;
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d{1,15})\/(\d{1,15})\b/;
const STRAY = /^[^#]*?[\r\0]/;
/** What `trace-cmd report` prints that is no event. */
const HEADING = /^(?:cpus=\d{1,5}|version = \d{1,3}|CPU \d{1,5} is empty)$/;
/** The families of events that this profile is about. */
const FAMILIES = new Set(['iommu', 'dma', 'intel_iommu']);
/** Events of those families from which nothing follows for mappings and invalidations. */
const SILENT = /^(?:dma_sync_|prq_report$)|_err$/;
/** What an event of those families is called that newer kernels may have and this release does not know. */
const OURS = /^(?:dma_(?:map|unmap|alloc|free|iova)|cache_tag_|io_page_fault)/;

/**
 * Turns the lines of one trace file into events, each line once and in order. Knows nothing of files, and
 * holds nothing but counts. Events of other kinds are counted and passed over; a damaged line throws
 * `Malformed`. Carriage returns are refused: a file that went through such a conversion went through others.
 */
export class FtraceImporter {
  private events = 0;
  private readonly others = new Map<string, PassedOver>();
  private readonly kinds = new Set<string>();
  private lines = 0;
  /** A line speaks of groups or domains, and no line before it has shown any: the recording begins late. */
  private late = false;
  private wholeDomains = false;
  private readonly faults = new FaultLines();
  /** Where the distance between an event's number and its line changed, ascending. */
  private readonly shifts: { readonly event: number; readonly by: number }[] = [];
  private announced: number | undefined;

  /** The event in a line; undefined for comments, empty lines and events of other kinds. */
  take(line: Line): Event<Op> | undefined {
    if (STRAY.test(line.text)) {
      const column = line.text.search(/[\r\0]/) + 1;
      throw new Malformed(
        'carriage-return',
        { line: line.number, column },
        'a carriage return or NUL: not as the kernel wrote it',
      );
    }
    if (line.text.startsWith('#')) return this.comment(line);
    if (line.text.trim() === '' || HEADING.test(line.text)) return undefined;
    if (LOST.test(line.text)) {
      throw new Malformed(
        'truncated',
        { line: line.number },
        'the kernel lost events here; what follows cannot be judged',
      );
    }
    const prefix = prefixOf(line);
    if (prefix === undefined) return this.logged(line);
    const { context, event, system, from } = prefix;
    this.lines++;
    if (event === 'console') {
      const fault = this.faults.take(line.text.slice(from));
      return fault === undefined ? this.passOver(event, false) : this.event(fault, line);
    }
    const reader = Object.hasOwn(READERS, event) ? READERS[event] : undefined;
    if (reader === undefined || (system !== undefined && !FAMILIES.has(system))) {
      const ours = system === undefined ? OURS.test(event) : FAMILIES.has(system);
      return this.passOver(event, ours && !SILENT.test(event));
    }
    const args = new Scanner(line, from);
    const op = reader(args, context);
    args.end();
    if (op !== undefined && NEEDS_GROUP.has(op.op) && !this.kinds.has('add_device_to_group'))
      this.late = true;
    this.kinds.add(event);
    if (op === undefined) return this.passOver(`${event} of nothing`, false);
    this.note(op);
    return this.event(op, line);
  }

  private event(op: Op, line: Line): Event<Op> {
    const n = ++this.events;
    if (line.number - n !== this.shifts.at(-1)?.by) this.shifts.push({ event: n, by: line.number - n });
    return { n, op, outcome: { is: 'ok' }, line: line.number };
  }

  /** A line of the log has another clock than the trace: its place among the other lines is not certain. */
  private logged(line: Line): Event<Op> | undefined {
    const fault = this.faults.take(messageOf(line) ?? '');
    if (fault !== undefined) return this.event(Object.assign(fault, { loose: true as const }), line);
    return this.passOver("lines of the kernel's log", false);
  }

  /** Names come from the recording: of more kinds than any kernel has, the rest is one. */
  private passOver(kind: string, decides: boolean): undefined {
    const name = this.others.size < MOST_KINDS || this.others.has(kind) ? kind : 'events of further kinds';
    const count = (this.others.get(name)?.count ?? 0) + 1;
    this.others.set(name, { name, count, decides: decides || this.others.get(name)?.decides === true });
  }

  /** The line that an event came from; undefined for one that did not. */
  lineOf(event: number): number | undefined {
    if (event < 1 || event > this.events) return undefined;
    const shift = this.shifts.findLast(s => s.event <= event);
    return shift && event + shift.by;
  }

  private comment(line: Line): undefined {
    const found = ENTRIES.exec(line.text);
    if (found === null) return;
    if (found[1] !== found[2]) {
      const reason = `of ${found[2]} entries only ${found[1]} were left in the buffer; the beginning is missing`;
      throw new Malformed('truncated', { line: line.number }, reason);
    }
    this.announced = Number(found[1]);
  }

  /** How many events came out so far. */
  get count(): number {
    return this.events;
  }

  /** Event lines of all kinds, and how many the file's head promises (undefined: it does not say). */
  get entries(): { readonly seen: number; readonly announced: number | undefined } {
    return { seen: this.lines, announced: this.announced };
  }

  /** To be called after the last line: a file that keeps less than its head promises was cut. */
  end(last: number): void {
    if (this.announced === undefined || this.lines >= this.announced) return;
    const reason = `the head promises ${this.announced} entries, the file ends after ${this.lines}`;
    throw new Malformed('truncated', { line: last }, reason);
  }

  /** What was passed over, by name, in the order of the file. */
  get passedOver(): readonly PassedOver[] {
    return [...this.others.values()];
  }

  private note(op: Op): void {
    if (op.op === 'cache_tag_flush_all') this.wholeDomains = true;
  }

  /**
   * The recording's machine, after all lines were taken. A kernel in lazy mode flushes whole domains from
   * its queue, some milliseconds after the first unmap: by an event of its own up to 6.12, by a range that is
   * everything in later ones. One that never does, and flushes ranges, is taken for strict. Whoever knows
   * better says so.
   */
  machine(): Machine {
    const saw = (...prefixes: string[]): boolean =>
      [...this.kinds].some(k => prefixes.some(p => k.startsWith(p)));
    return {
      mode: saw('cache_tag_flush_range') && !this.wholeDomains ? 'strict' : 'lazy',
      tags: saw('cache_tag_'),
      queue: saw('qi_submit'),
      dma: saw('dma_'),
      ...(this.late ? { partial: true } : {}),
      // A kernel flushes what it has just mapped where the hardware remembers absent entries, and only there.
      ...(saw('cache_tag_flush_range_np') ? { caching: true } : {}),
    };
  }
}

/** The events of a trace file whose lines are at hand. */
export function* ftraceEvents(lines: Iterable<Line>, importer = new FtraceImporter()): Generator<Event<Op>> {
  for (const line of lines) {
    const event = importer.take(line);
    if (event !== undefined) yield event;
  }
}

/** What kind of recording it is: a first pass over its lines, before they are judged. */
export function ftraceMachine(lines: Iterable<Line>): Machine {
  const importer = new FtraceImporter();
  for (const _event of ftraceEvents(lines, importer));
  return importer.machine();
}
