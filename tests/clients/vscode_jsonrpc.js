// vscode-jsonrpc in its default framing (Content-Length headers): calls, errors, notifications both ways.
const assert = require('node:assert/strict');
const net = require('node:net');
const rpc = require('vscode-jsonrpc/node');

async function main() {
  const socket = net.connect(process.argv[2]);
  await new Promise((done) => socket.once('connect', done));
  const reader = new rpc.StreamMessageReader(socket);
  const connection = rpc.createMessageConnection(reader, new rpc.StreamMessageWriter(socket));
  const changed = new Promise((done) => connection.onNotification('goxel.changed', done));
  connection.listen();
  assert.equal((await connection.sendRequest('ping')).pong, true);
  await connection.sendRequest('goxel.create_project', { name: 'vscode-jsonrpc' });
  const subscribed = await connection.sendRequest('goxel.subscribe', { min_interval_ms: 0 });
  const edited = await connection.sendRequest('goxel.edit', {
    operations: [{ op: 'sphere', center: [0, 0, 8], radius: 4, color: '#ffaa00' }],
  });
  assert.ok(edited.revision > subscribed.revision);
  const told = await changed;
  assert.equal(told.project, 'default');
  assert.equal(told.revision, edited.revision);
  const shown = await connection.sendRequest('goxel.slice', { axis: 'z', at: 8 });
  assert.ok(shown.text.startsWith('z=8'));
  await assert.rejects(connection.sendRequest('goxel.add_voxel', [1, 2]), (error) => {
    assert.equal(error.code, -32602);
    return true;
  });
  await connection.sendNotification('goxel.add_voxel', 90, 90, 90);
  const read = await connection.sendRequest('goxel.get_voxel', 90, 90, 90);
  assert.equal(read.exists, true);
  connection.dispose();
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
