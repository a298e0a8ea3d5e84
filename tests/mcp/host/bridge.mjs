// Streamable HTTP in front of a server on stdio, for the conformance suite: no dependencies, one server for all sessions.
// node bridge.mjs PORT COMMAND [ARGUMENT...]
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import readline from 'node:readline';

const [port, command, ...rest] = process.argv.slice(2);
const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
child.on('exit', (code) => process.exit(code ?? 1));

// Requests of all sessions share the pipe, so ids and progress tokens get numbers of our own meanwhile.
let next = 1;
const open = new Map(); // our id -> { id, token, send(message), finish(message) }
const tokens = new Map(); // our token -> our id
const sessions = new Set();

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

readline.createInterface({ input: child.stdout }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.method === undefined) {
    const entry = open.get(message.id);
    if (!entry) return;
    open.delete(message.id);
    const meta = message.result?._meta;
    if (meta?.[SUBSCRIPTION] !== undefined) meta[SUBSCRIPTION] = entry.id;
    entry.finish({ ...message, id: entry.id });
    return;
  }
  const params = message.params ?? {};
  if (params.progressToken !== undefined) {
    const entry = open.get(tokens.get(params.progressToken));
    if (entry) entry.send({ ...message, params: { ...params, progressToken: entry.token } });
    return;
  }
  const subscription = params._meta?.[SUBSCRIPTION];
  if (subscription !== undefined) {
    const entry = open.get(subscription);
    if (entry) entry.send({ ...message, params: { ...params, _meta: { ...params._meta, [SUBSCRIPTION]: entry.id } } });
    return;
  }
  // A log message belongs to whoever asked last and has no answer yet.
  const last = [...open.values()].filter((entry) => !entry.listens).pop();
  if (last) last.send(message);
});

const local = (name) => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(name ?? '');

function fail(response, status, code, message, id, data) {
  const error = { jsonrpc: '2.0', id: id ?? null, error: { code, message, ...(data ? { data } : {}) } };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(error));
}

// What a modern request says in its headers must be what it says in its body.
function misfit(headers, body) {
  const version = body.params?._meta?.[VERSION];
  const said = headers['mcp-protocol-version'];
  if (said === undefined) return 'MCP-Protocol-Version is missing';
  if (version !== undefined && said !== version) return 'MCP-Protocol-Version is not that of the body';
  if (headers['mcp-method'] === undefined) return 'Mcp-Method is missing';
  if (headers['mcp-method'] !== body.method) return 'Mcp-Method is not that of the body';
  const named = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' }[body.method];
  if (named) {
    if (headers['mcp-name'] === undefined) return 'Mcp-Name is missing';
    if (decoded(headers['mcp-name']) !== body.params?.[named]) return 'Mcp-Name is not that of the body';
  }
  return undefined;
}

function decoded(value) {
  const base64 = /^=\?base64\?(.*)\?=$/.exec(value);
  return base64 ? Buffer.from(base64[1], 'base64').toString('utf8') : value;
}

function status(error, isModern) {
  if (!error || !isModern) return 200;
  if (error.code === -32601) return 404;
  const lacksMeta = error.code === -32602 && error.message.includes('_meta');
  return lacksMeta || [-32020, -32021, -32022].includes(error.code) ? 400 : 200;
}

function post(request, response, body) {
  const meta = body.params?._meta;
  const marked = meta && Object.keys(meta).some((key) => key.startsWith('io.modelcontextprotocol/'));
  const header = request.headers['mcp-protocol-version'];
  const isModern = marked || body.method === 'server/discover' || header === '2026-07-28';
  if (body.method === undefined || body.id === undefined) {
    child.stdin.write(JSON.stringify(remapped(body)) + '\n');
    response.writeHead(202).end();
    return;
  }
  if (isModern) {
    const wrong = misfit(request.headers, body);
    if (wrong) return fail(response, 400, -32020, 'Header mismatch: ' + wrong, body.id);
  }
  const session = request.headers['mcp-session-id'];
  if (session !== undefined && !sessions.has(session)) return fail(response, 404, -32600, 'No such session', body.id);
  const own = next++;
  let isStream = false;
  const stream = () => {
    if (isStream) return;
    isStream = true;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  };
  const event = (message) => response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  const entry = {
    id: body.id,
    token: meta?.progressToken,
    listens: body.method === 'subscriptions/listen',
    send(message) { stream(); event(message); },
    finish(message) {
      tokens.delete(own);
      if (isStream) { event(message); response.end(); return; }
      const headers = { 'content-type': 'application/json' };
      if (body.method === 'initialize' && message.result) {
        const id = randomUUID();
        sessions.add(id);
        headers['mcp-session-id'] = id;
      }
      response.writeHead(status(message.error, isModern), headers);
      response.end(JSON.stringify(message));
    },
  };
  open.set(own, entry);
  response.on('close', () => {
    if (open.delete(own)) {
      child.stdin.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: own } }) + '\n');
    }
  });
  const sent = { ...body, id: own };
  if (entry.token !== undefined) {
    tokens.set(own, own);
    sent.params = { ...body.params, _meta: { ...meta, progressToken: own } };
  }
  child.stdin.write(JSON.stringify(sent) + '\n');
}

function remapped(body) {
  if (body.method !== 'notifications/cancelled') return body;
  const found = [...open].find(([, entry]) => entry.id === body.params?.requestId);
  return found ? { ...body, params: { ...body.params, requestId: found[0] } } : body;
}

http.createServer((request, response) => {
  if (!local(request.headers.host)) return fail(response, 403, -32600, 'Host is not local');
  const origin = request.headers.origin;
  if (origin !== undefined && !local(origin.replace(/^https?:\/\//, ''))) return fail(response, 403, -32600, 'Origin is not local');
  if (request.method === 'DELETE') {
    const known = sessions.delete(request.headers['mcp-session-id']);
    response.writeHead(known ? 200 : 404).end();
    return;
  }
  if (request.method !== 'POST') { response.writeHead(405, { allow: 'POST, DELETE' }).end(); return; }
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    let body;
    try { body = JSON.parse(Buffer.concat(pieces).toString('utf8')); } catch { return fail(response, 400, -32700, 'Parse error'); }
    if (Array.isArray(body) || typeof body !== 'object' || body === null) return fail(response, 400, -32600, 'Invalid Request');
    post(request, response, body);
  });
}).listen(Number(port), '127.0.0.1', () => console.log(`bridge on ${port}`));
