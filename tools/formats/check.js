// Does Mermaid itself take the sequence diagrams of every trace of the corpus, and of one that is nasty?
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import mermaid from 'mermaid';
import { judgeAndTell, readTrace } from '../../dist/conformance/index.js';
import { FORMATS } from '../../dist/picture/formats/formats.js';

const corpus = fileURLToPath(new URL('../../conformance/corpus/', import.meta.url));
const NASTY = 'end "q" \\ ; # { } <b>%%</b>\n-->>\u202e`';
let count = 0;
for (const folder of ['accept', 'refuse']) {
  for (const name of readdirSync(corpus + folder)) {
    if (!name.endsWith('.jsonl')) continue;
    const { story } = await judgeAndTell(await readTrace([readFileSync(`${corpus}${folder}/${name}`)]), {});
    const nasty = { ...story, steps: story.steps.map(s => ({ ...s, fields: NASTY, answer: NASTY })) };
    for (const one of count === 0 ? [story, nasty] : [story]) {
      try {
        const { diagramType } = await mermaid.parse(FORMATS.mermaid(one));
        if (diagramType !== 'sequence') throw new Error(`it is a ${diagramType}`);
      } catch (error) {
        process.stderr.write(`${folder}/${name}: ${error.message}\n`);
        process.exit(1);
      }
    }
    count++;
  }
}
process.stdout.write(`${count} stories, and Mermaid takes all of them\n`);
