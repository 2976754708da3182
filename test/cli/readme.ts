// What does the README say that the command prints?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

/** What stands in the README under `$ npx iommu-spec ...`, up to the end of its block. */
export function shown(command: string): readonly string[] {
  const start = README.indexOf(`$ npx iommu-spec ${command}\n`);
  assert.ok(start >= 0, `the README does not show ${command}`);
  return README.slice(start, README.indexOf('```', start)).trimEnd().split('\n').slice(1);
}
