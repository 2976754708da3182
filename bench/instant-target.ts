// What is the fastest target that there can be? One that looks for the number of each call and says ok.
let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (piece: string) => {
  const lines = (rest + piece).split('\n');
  rest = lines.pop()!;
  let out = '';
  for (const line of lines) {
    if (line.startsWith('{"call":')) out += `${answer(line)}\n`;
    else if (line.startsWith('{"batch":'))
      out += `{"batch":[${[...line.matchAll(/\{"call":\d+/g)].map(m => answer(m[0])).join(',')}]}\n`;
    else if (line.startsWith('{"reset":')) out += `{"reset":${/\d+/.exec(line)![0]}}\n`;
    else if (line.startsWith('{"hello":')) out += `${HELLO}\n`;
    else process.exit(0);
  }
  process.stdout.write(out);
});

const HELLO = JSON.stringify({
  hello: 1,
  name: 'instant',
  profile: 'vfio-2011',
  machine: { groups: [], devices: [], mms: [], timeout: 0 },
  batch: 4096,
});

const answer = (line: string): string => `{"return":${/\d+/.exec(line)![0]},"outcome":{"is":"ok"}}`;
