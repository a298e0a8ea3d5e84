// json-rpc-2.0, which leaves the transport to us: one line a message, many calls at once, a batch.
const assert = require('node:assert/strict');
const net = require('node:net');
const { JSONRPCClient, createJSONRPCErrorResponse } = require('json-rpc-2.0');

async function main() {
  const socket = net.connect(process.argv[2]);
  const client = new JSONRPCClient((message) => socket.write(JSON.stringify(message)));
  let pending = '';
  socket.setEncoding('utf8');
  socket.on('data', (text) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop();
    lines.forEach((line) => client.receive(JSON.parse(line)));
  });
  assert.equal((await client.request('ping')).pong, true);
  await client.request('goxel.create_project', { name: 'json-rpc-2.0' });
  const calls = [...Array(200).keys()].map((x) => client.request('goxel.add_voxel', [x, 0, 0, 'red']));
  const added = await Promise.all(calls);
  assert.deepEqual(added.map((voxel) => voxel.x), [...Array(200).keys()]);
  const measured = await client.request('goxel.measure', {});
  assert.equal(measured.voxel_count, 200);
  await assert.rejects(client.request('goxel.slice', { axis: 'w' }), /axis/);
  client.notify('goxel.add_voxel', [0, 1, 0]);
  const status = await client.request('goxel.get_status', []);
  assert.equal(status.voxel_count, 201);
  const batch = await client.requestAdvanced([
    { jsonrpc: '2.0', id: 'a', method: 'ping', params: [] },
    { jsonrpc: '2.0', id: 'b', method: 'nonsense', params: [] },
  ]);
  assert.deepEqual(batch.map((answer) => answer.id), ['a', 'b']);
  assert.equal(batch[1].error.code, -32601);
  assert.ok(createJSONRPCErrorResponse);
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
