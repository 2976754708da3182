// What makes the page of a report one file: program and looks inside, and a policy that lets nothing else in?
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('../', import.meta.url)));

const made = await build({
  entryPoints: ['dist/picture/page/main.js'],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
  legalComments: 'none',
});
// A script ends at the first of these, wherever it stands.
const script = made.outputFiles[0].text.replaceAll('</script', '<\\/script').trim();
const style = readFileSync('picture/page/style.css', 'utf8').trim();
const hash = text => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

mkdirSync('dist/picture', { recursive: true });
writeFileSync(
  'dist/picture/report.html',
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title><!--title--></title>
<style>${style}</style>
</head>
<body>
<div id="plain"><!--plain--></div>
<div id="app"></div>
<script type="application/json" id="data"></script>
<script type="module">${script}</script>
</body>
</html>
`,
);
