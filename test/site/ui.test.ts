// Does `iommu-spec ui` serve its files to this machine alone, by its address alone, and nothing else?
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { siteServer } from '../../cli/ui/server.js';
import { inside } from '../cli/command.js';

const ROOT = mkdtempSync(join(tmpdir(), 'iommu-spec-ui-'));
const TOKEN = 'a-token-of-the-test';
const put = (name: string, text: string): string => {
  const path = join(ROOT, name);
  writeFileSync(path, text);
  return path;
};
mkdirSync(join(ROOT, 'www/data'), { recursive: true });
put('www/index.html', `<html lang="en"><meta content="connect-src 'none'">`);
put('www/data/a.js', 'iommuSpec();');
put('www/secret.txt', 'not of the site');
put('beside.js', 'beside the folder');
const given = put('given <b>.jsonl', 'a recording\n');

const server = siteServer({
  folder: join(ROOT, 'www'),
  files: [given, join(ROOT, 'gone.txt'), ROOT],
  token: TOKEN,
});
before(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve())));
after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(ROOT, { recursive: true, force: true });
});
const port = (): number => (server.address() as AddressInfo).port;

interface Got {
  readonly status: number | undefined;
  readonly text: string;
  readonly headers: IncomingMessage['headers'];
}

function ask(path: string, how: { readonly host?: string; readonly method?: string } = {}): Promise<Got> {
  const { host = `127.0.0.1:${port()}`, method = 'GET' } = how;
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: port(), path, method, headers: { host } }, answer => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', piece => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode, text, headers: answer.headers }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('the page, its parts and the files that were named', async () => {
  const page = await ask(`/${TOKEN}/`);
  assert.equal(page.status, 200);
  assert.equal(page.text, `<html data-files lang="en"><meta content="connect-src 'self'">`);
  assert.match(String(page.headers['content-type']), /^text\/html/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.equal((await ask(`/${TOKEN}/data/a.js?x=1`)).text, 'iommuSpec();');
  assert.deepEqual(JSON.parse((await ask(`/${TOKEN}/files/list.json`)).text), [
    given,
    join(ROOT, 'gone.txt'),
    ROOT,
  ]);
  const file = await ask(`/${TOKEN}/files/0`);
  assert.equal(file.text, 'a recording\n');
  assert.equal(file.headers['content-type'], 'application/octet-stream');
  assert.equal((await ask(`/${TOKEN}/files/0`, { method: 'HEAD' })).text, '');
});

test('no token, another one, or a part of it: nothing', async () => {
  for (const path of [
    '/',
    '/index.html',
    '/wrong/',
    `/${TOKEN}`,
    `/${TOKEN}x/`,
    `/${TOKEN.slice(1)}/files/0`,
    '//',
  ])
    assert.equal((await ask(path)).status, 403, path);
});

test('another Host, as a page of somebody else has it that was made to point here: nothing', async () => {
  for (const host of [
    'evil.example',
    `evil.example:${port()}`,
    '127.0.0.1',
    `127.0.0.1:${port() + 1}`,
    'localhost',
  ])
    assert.equal((await ask(`/${TOKEN}/`, { host })).status, 421, host);
  assert.equal((await ask(`/${TOKEN}/`, { host: `localhost:${port()}` })).status, 200);
});

test('no way leads out of the folder, or to what is not of the site', async () => {
  for (const path of [
    '../beside.js',
    '..%2fbeside.js',
    '%2e%2e/beside.js',
    'data/../../beside.js',
    'data/..\\..\\beside.js',
    '/etc/passwd',
    'secret.txt',
    'constructor',
    'files/3',
    'files/-1',
    'files/0/../1',
    'files/99999999',
  ])
    assert.equal((await ask(`/${TOKEN}/${path}`)).status, 404, path);
  assert.equal((await ask(`/${TOKEN}/files/1`)).status, 404, 'a file that is gone');
  assert.equal((await ask(`/${TOKEN}/files/2`)).status, 404, 'a folder');
});

test('it answers GET and HEAD alone, and lives on after nonsense', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    assert.equal((await ask(`/${TOKEN}/`, { method })).status, 405, method);
  await new Promise<void>(resolve => {
    const socket = connect(port(), '127.0.0.1', () => socket.write('GET http://[ HTTP/1.1\r\n\r\n\0\0'));
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.setTimeout(300, () => socket.destroy());
  });
  assert.equal((await ask(`/${TOKEN}/`)).status, 200);
});

test('nobody but this machine can connect', () => {
  assert.equal((server.address() as AddressInfo).address, '127.0.0.1');
});

test('a file that is not there is told before anything is served', async () => {
  const { code, err, out } = await inside(['ui', join(ROOT, 'nowhere.txt')]);
  assert.ok([65, 73].includes(code!), out + err);
  assert.match(out + err, /cannot read .*nowhere\.txt|the site is not built/);
});
