// A whole session by the official TypeScript client. whole_session.mjs GOXEL_MCP GOXEL_DAEMON
import assert from 'node:assert';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';

const [program, daemon] = process.argv.slice(2);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'goxel-mcp-'));

async function connected(...flags) {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StdioClientTransport({
    command: program,
    args: ['--spawn', '--socket', path.join(work, 'd.sock'), '--root', work, ...flags],
    env: { ...process.env, GOXEL_DAEMON_BINARY: daemon, GOXEL_STATE_DIR: path.join(work, 'state') },
  }));
  return client;
}

const text = (result) => result.content.filter((block) => block.type === 'text').map((block) => block.text).join('\n');

async function tool(client, name, args) {
  const result = await client.callTool({ name, arguments: args });
  assert(!result.isError, text(result));
  return result;
}

// Two agents on one project: each edit is there once, and who is late is told what came between.
async function race(one, other) {
  await tool(one, 'voxel_project', { action: 'new', project: 'race' });
  const build = async (client, x) => {
    for (;;) {
      const seen = text(await tool(client, 'voxel_history', { project: 'race', action: 'list' }));
      const expected_revision = parseInt(seen.split('revision ')[1]);
      const ops = [{ op: 'box', min: [x, 0, 0], max: [x + 7, 7, 7], color: 'red' }];
      const result = await client.callTool({ name: 'voxel_edit', arguments: { project: 'race', ops, expected_revision } });
      if (!result.isError) return;
      assert(text(result).includes('somebody else'), text(result));
    }
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map((number) => build(number % 2 ? one : other, 10 * number)));
  assert(text(await tool(one, 'voxel_inspect', { project: 'race' })).includes('3,072 voxels'));
}

// Ends the daemon and waits until it is gone.
async function stop() {
  try {
    const pid = parseInt(fs.readFileSync(path.join(work, 'd.pid'), 'utf8'));
    process.kill(pid);
    for (let i = 0; i < 100; i++) { process.kill(pid, 0); await new Promise((resolve) => setTimeout(resolve, 50)); }
  } catch {}
}

try {
  const client = await connected();
  const { tools } = await client.listTools();
  assert.strictEqual(tools.length, 8);
  const tokens = encode(JSON.stringify(tools)).length;
  const instructions = encode(client.getInstructions()).length;
  console.log(`tools: ${tokens} tokens, instructions: ${instructions} tokens (o200k)`);
  assert(tokens <= 1500 && instructions <= 300);
  const scripting = await connected('--allow-scripts');
  const more = encode(JSON.stringify((await scripting.listTools()).tools)).length;
  console.log(`tools with voxel_script: ${more} tokens`);
  assert(more <= 1500);
  await scripting.close();
  const ops = [{ op: 'box', min: [0, 0, 0], max: [7, 7, 7], color: 'orange' }];
  await tool(client, 'voxel_project', { action: 'new', project: 'house' });
  await tool(client, 'voxel_edit', { project: 'house', ops });
  const edited = await tool(client, 'voxel_edit', { ops, look: ['iso'] });
  assert(text(edited).startsWith('ok 1 op: +512'), text(edited));
  assert(edited.content.some((block) => block.type === 'image'));
  assert(text(await tool(client, 'voxel_slice', { axis: 'z', at: 0 })).includes('aaaaaaaa'));
  assert(text(await tool(client, 'voxel_history', { action: 'undo' })).includes('undone 1'));
  await tool(client, 'voxel_history', { action: 'redo' });
  const exported = await tool(client, 'voxel_export', { path: 'a.vox' });
  assert(exported.content.some((block) => block.type === 'resource_link'));
  const { contents } = await client.readResource({ uri: 'goxel://project/default' });
  assert(contents[0].text.includes('512 voxels'), contents[0].text);
  await tool(client, 'voxel_project', { action: 'save', path: 'a.gox' });
  process.kill(parseInt(fs.readFileSync(path.join(work, 'd.pid'), 'utf8')), 'SIGKILL');
  assert(text(await tool(client, 'voxel_project', { action: 'open', path: 'a.gox' })).includes('512 voxels'));
  let notes = 0;
  const ball = [{ op: 'sphere', center: [0, 0, 0], radius: 110, color: 'red' }, { op: 'smooth', amount: 2 }];
  await client.callTool({ name: 'voxel_edit', arguments: { ops: ball } }, undefined, { onprogress: () => { notes++; }, timeout: 120000 });
  console.log(`notes on a long call: ${notes}`);
  const other = await connected();
  assert(text(await tool(other, 'voxel_inspect', {})).includes('revision'));
  await race(client, other);
  await other.close();
  await client.close();
} finally {
  await stop();
  fs.rmSync(work, { recursive: true, force: true, maxRetries: 5 });
}
