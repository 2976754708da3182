#!/usr/bin/env node
// How does the command start? By the compiled program, if there is one, and in a clone only if it is that of the sources.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const program = `${root}dist/cli/main.js`;
/** Inner parts have notes of their own, and are built before what is around them. */
const PARTS = ['spec/protocol', 'spec', 'impl', 'model', 'conformance', 'picture', 'cli/threads', 'cli'];

/** When a part was last built, successfully or not, and whether that ended with errors. A build without a note is none. */
function builtAt(part) {
  const note = `${root}dist/${part}/.tsbuildinfo`;
  if (!existsSync(note)) return { at: 0, failed: false };
  return {
    at: statSync(note).mtimeMs,
    failed: readFileSync(note, 'utf8').includes('"affectedFilesPendingEmit"'),
  };
}

/** A source in the folder that was changed after its part was built; undefined: there is none. */
function newerThan(at, folder) {
  for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      const below = newerThan(at, path);
      if (below !== undefined) return below;
    } else if (path.endsWith('.ts') && statSync(root + path).mtimeMs > at) return path;
  }
  return undefined;
}

/** Why the compiled program is not that of the sources beside it; undefined: it is, or there are none. */
function stale() {
  if (!existsSync(`${root}tsconfig.json`)) return undefined;
  for (const part of PARTS) {
    const { at, failed } = builtAt(part);
    if (failed) return `the last build of ${part} failed, and what is there is older`;
    const file = newerThan(at, part);
    if (file !== undefined) return `${file} was changed after the last build`;
  }
  return undefined;
}

const built = existsSync(program);
const why = built ? stale() : 'iommu-spec is not built';
if (why === undefined) {
  await import(pathToFileURL(program).href);
} else {
  const todo = built ? '"npm run build"' : '"npm ci", or "npm run build" in a checkout';
  process.stderr.write(`${why}: run ${todo}\n`);
  process.exitCode = 70;
}
