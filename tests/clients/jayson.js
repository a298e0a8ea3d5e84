// jayson over its TCP client on a Unix socket: calls by position and by name, errors, a batch.
const assert = require('node:assert/strict');
const jayson = require('jayson/promise');

async function main() {
  const client = jayson.Client.tcp({ path: process.argv[2] });
  const pong = await client.request('ping', []);
  assert.equal(pong.result.pong, true);
  await client.request('goxel.create_project', { name: 'jayson', size: [16, 16, 16] });
  const added = await client.request('goxel.add_voxel', [1, 2, 3, '#ff8800']);
  assert.deepEqual(added.result.color, [255, 136, 0, 255]);
  const read = await client.request('goxel.get_voxel', { position: [1, 2, 3] });
  assert.equal(read.result.exists, true);
  const unknown = await client.request('goxel.no_such_method', []);
  assert.equal(unknown.error.code, -32601);
  const bad = await client.request('goxel.add_voxel', { x: 'one', y: 2, z: 3 });
  assert.equal(bad.error.code, -32602);
  assert.equal(bad.error.data.param, 'x');
  const batch = await client.request([
    client.request('goxel.get_status', [], undefined, false),
    client.request('goxel.list_layers', {}, undefined, false),
  ]);
  assert.equal(batch.length, 2);
  assert.ok(batch.every((answer) => answer.result));
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
