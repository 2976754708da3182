#!/usr/bin/env node
// How does the command start? By the compiled program, if there is one.
import { existsSync } from 'node:fs';

const program = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('iommu-spec is not built: run "npm ci", or "npm run build" in a checkout\n');
  process.exitCode = 70;
}
