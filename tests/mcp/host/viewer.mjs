// The page of the viewer in headless Chromium, with a small host around it. viewer.mjs PAGE CHROMIUM
import { spawn, execFileSync } from 'node:child_process';
import assert from 'node:assert';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

const [page, chromium] = process.argv.slice(2);
const data = { min: [0, 0, 0], size: [2, 2, 2], palette: ['#00000000', '#FF0000FF'], runs: [4, 1, 4, 0], revision: 7 };
// The host answers the page's calls as a chat would, and then asks its canvas what it shows.
const host = `<!doctype html><body><iframe id="app" src="/viewer.html" style="width:400px;height:440px"></iframe><script>
const app = document.getElementById('app');
window.addEventListener('message', ({ data: m }) => {
  const answer = (result) => app.contentWindow.postMessage({ jsonrpc: '2.0', id: m.id, result }, '*');
  if (m.method === 'ui/initialize') answer({ protocolVersion: '2026-01-26', hostInfo: {}, hostCapabilities: {}, hostContext: { theme: 'light' } });
  if (m.method === 'tools/call') answer({ content: [], structuredContent: ${JSON.stringify(data)} });
});
const look = () => {
  const inner = app.contentDocument, canvas = inner && inner.getElementById('canvas');
  if (!inner || inner.body.dataset.voxels !== '4' || !canvas.width) return setTimeout(look, 100);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const copy = document.createElement('canvas');
    copy.width = canvas.width; copy.height = canvas.height;
    const context = copy.getContext('2d');
    context.drawImage(canvas, 0, 0);
    const pixels = context.getImageData(0, 0, copy.width, copy.height).data;
    let red = 0;
    for (let i = 0; i < pixels.length; i += 4) if (pixels[i] > 100 && pixels[i + 1] < 60) red++;
    document.title = 'red ' + red + ' of ' + pixels.length / 4;
    fetch('/seen?' + encodeURIComponent(document.title));
  }));
};
look();
</script></body>`;

const seen = new Promise((resolve) => {
  const server = http.createServer((request, response) => {
    if (request.url.startsWith('/seen?')) resolve(decodeURIComponent(request.url.slice(6)));
    response.setHeader('content-type', 'text/html');
    response.end(request.url.startsWith('/viewer') ? fs.readFileSync(page) : host);
  });
  server.listen(0, '127.0.0.1', () => {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'goxel-viewer-'));
    const flags = ['--headless=new', '--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', `--user-data-dir=${profile}`];
    const browser = spawn(chromium, [...flags, `http://127.0.0.1:${server.address().port}/`], { stdio: 'ignore' });
    setTimeout(() => resolve('nothing within 60 s'), 60000);
    process.on('exit', () => {
      browser.kill('SIGKILL');
      // What the browser still writes stays behind among temporary files.
      try { fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 }); } catch {}
    });
  });
});
const title = await seen;
console.log(title);
const [, red, all] = /^red (\d+) of (\d+)$/.exec(title) ?? [];
assert(red > all / 50, 'the model is drawn');
process.exit(0);
