// Who runs a unit? This file is a process of its own, which may die of it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { connect } from '../console.js';
import { line } from '../line.js';
import type { Asked, Told } from './pool.js';

/** Of what is said beside the data, so much is told. */
const SAID = 4096;

function collected() {
  const pieces: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  return { stream, text: () => Buffer.concat(pieces).toString('utf8') };
}

/** The same command line in this process, its output kept. */
async function unit({ argv, merged }: Asked): Promise<Told> {
  const [stdout, stderr] = [collected(), collected()];
  const folder = merged ? mkdtempSync(join(tmpdir(), 'iommu-spec-unit-')) : undefined;
  const blob = folder === undefined ? undefined : join(folder, 'blob.json');
  const words = [...argv, '--json', ...(blob === undefined ? [] : ['--blob', blob])];
  connect({
    argv: [process.execPath, 'iommu-spec', ...words],
    env: { ...process.env, NO_COLOR: '1' },
    stdin: Readable.from([]),
    stdout: stdout.stream,
    stderr: stderr.stream,
  });
  try {
    const code = await line();
    const said = stderr.text().slice(-SAID);
    if (code > 2) return { code, said };
    const kept = blob === undefined ? {} : { blob: JSON.parse(readFileSync(blob, 'utf8')) };
    return { code, said, data: JSON.parse(stdout.text()), ...kept };
  } finally {
    connect(process);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

process.on('message', async (asked: Asked) => {
  process.send!(await unit(asked));
});
process.on('disconnect', () => process.exit());
