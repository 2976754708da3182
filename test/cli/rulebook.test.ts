// Do the pages of docs/rules have every clause, each in its place, with a link to its file, and are they short?
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisesDocument } from '../../cli/book/promises.js';
import { profileDocument, rulesDocument } from '../../cli/book/rules.js';
import { type AnyProfile, PROFILES } from '../../spec/index.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BOOK = rulesDocument();
const profiles: readonly AnyProfile[] = Object.values(PROFILES);

/** What stands under a heading, up to the next one of its rank. */
function under(text: string, heading: string): string {
  const mark = heading.slice(0, heading.indexOf(' ') + 1);
  const start = `\n${text}`.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, `no heading ${heading}`);
  const end = text.indexOf(`\n${mark}`, start + heading.length);
  return text.slice(start, end < 0 ? undefined : end);
}

test('the index names every profile, and has at most 6 kB', () => {
  for (const { name } of profiles) assert.ok(BOOK.includes(`](rules/${name}.md)`), name);
  assert.ok(Buffer.byteLength(BOOK) <= 6000, `${Buffer.byteLength(BOOK)}`);
});

for (const profile of profiles) {
  const pages = profileDocument(profile);

  test(`${profile.name}: its page has at most 56 kB`, () =>
    assert.ok(Buffer.byteLength(pages) <= 56_000, `${Buffer.byteLength(pages)}`));

  test(`${profile.name}: every clause stands in its operation, in order, and its sentence is told`, () => {
    for (const [op, list] of Object.entries(profile.rules) as [
      string,
      readonly { id: string; says: string }[],
    ][]) {
      const text = under(pages, `## ${op}`);
      let at = 0;
      for (const { id, says } of list) {
        const what = id.slice(id.indexOf('/') + 1);
        const places = [`\`${id}\``, `\`${what}\``].map(name => text.indexOf(name, at)).filter(n => n >= 0);
        assert.ok(places.length > 0, `${id} is not in ${op}, or not in its place`);
        at = Math.min(...places) + 1;
        assert.ok(pages.includes(`: ${says}`), `${id}: its sentence is missing`);
      }
    }
  });

  test(`${profile.name}: every link is defined, and its file is there`, () => {
    const used = [...pages.matchAll(/`\]\[(\w+)\]/g)].map(m => m[1]!);
    const defined = new Map([...pages.matchAll(/^\[(\w+)\]: \.\.\/\.\.\/(\S+)$/gm)].map(m => [m[1]!, m[2]!]));
    assert.ok(used.length > 0);
    for (const name of used) assert.ok(defined.has(name), name);
    for (const path of defined.values()) assert.ok(existsSync(join(ROOT, path)), path);
  });
}

test('every promise, aim and situation is told in docs/promises.md', () => {
  const text = promisesDocument();
  for (const p of profiles)
    for (const list of [p.always, p.steps, p.lives, p.sometimes, p.aims.always, p.aims.steps, p.aims.lives])
      for (const { id, says } of list) assert.ok(text.includes(`**\`${id}\`**: ${says}`), id);
});
