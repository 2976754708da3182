// Which ranges did the calls of a log have, if the IOMMU's own events of the same session are there in the same clock?
import { FtraceImporter } from '../ftrace/import.js';
import type { Line } from '../trace/lines.js';
import type { Ranged, Seen } from './seen.js';
import { MEMORY } from './witnesses.js';

/** A line of the kernel's trace that maps or unmaps. */
interface Moved {
  readonly is: 'map' | 'unmap';
  /** In microseconds. */
  readonly at: number;
  readonly iova: bigint;
  readonly size: bigint;
}

const STAMP = /\s(\d{1,12})\.(\d{6,9}): /;
/** TAI is ahead of the wall clock by as much, on a machine whose kernel was told; else by nothing. */
const OFFSETS = [0, 37_000_000] as const;

/** Collects the lines of a trace file that is beside a log. */
export class EventsBeside {
  private readonly moved: Moved[] = [];
  private readonly importer = new FtraceImporter();

  take(line: Line): undefined {
    const event = this.importer.take(line);
    const stamp = STAMP.exec(line.text);
    if (event === undefined || stamp === null) return;
    const { op } = event;
    const at = Number(stamp[1]) * 1_000_000 + Number(stamp[2]!.slice(0, 6));
    if (op.op === 'map') this.moved.push({ is: 'map', at, iova: op.iova, size: op.size });
    if (op.op === 'unmap' && op.unmapped > 0n)
      this.moved.push({ is: 'unmap', at, iova: op.iova, size: op.unmapped });
  }

  /**
   * The log with the ranges of the calls that succeeded. Nothing is changed where calls overlapped, since then nobody
   * knows whose events they are, or where no event lies in the time of a map: it is another clock.
   */
  rangesFor(log: readonly Seen[]): { readonly seen: readonly Seen[]; readonly why?: string } {
    const windows = log.flatMap(s => s.ranged ?? []);
    if (windows.length === 0) return { seen: log, why: 'the log has no stamps of -ttt' };
    if (windows.some((w, i) => i > 0 && w.from < windows[i - 1]!.to))
      return { seen: log, why: 'calls overlapped' };
    for (const offset of OFFSETS) {
      const seen = log.map(s =>
        s.ranged !== undefined && s.outcome.is === 'ok' ? this.ranged(s, s.ranged, offset) : s,
      );
      if (seen.every(s => s !== undefined)) return { seen };
    }
    return { seen: log, why: 'the events are of another clock, or of another session' };
  }

  /** Undefined: the events in its time are not those of the call. */
  private ranged(seen: Seen, window: Ranged, offset: number): Seen | undefined {
    const own = this.moved.filter(
      m => m.is === window.is && m.at - offset >= window.from && m.at - offset < window.to,
    );
    const total = own.reduce((sum, m) => sum + m.size, 0n);
    const first = own.reduce((low, m) => (m.iova < low ? m.iova : low), own[0]?.iova ?? 0n);
    const end = own.reduce((high, m) => (m.iova + m.size > high ? m.iova + m.size : high), 0n);
    const { handle, mm } = window;
    if (window.is === 'unmap') {
      if (own.length === 0) return { ...seen, outcome: { is: 'ok', unmapped: 0n } };
      const calls = () => [{ op: 'unmap', handle, iova: first, size: end - first } as const];
      return { ...seen, calls, outcome: { is: 'ok', unmapped: total }, unseen: [] };
    }
    if (own.length === 0 || end - first !== total) return undefined;
    const map = { op: 'map', handle, iova: first, size: total, vaddr: MEMORY.start, mm } as const;
    const calls = () => [{ ...map, prot: 'rw' } as const];
    return { ...seen, calls, unseen: ['vaddr', 'prot'] };
  }
}
