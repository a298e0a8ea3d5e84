// The official OpenRPC validator on what rpc.discover answers, and every example against its own schemas.
const assert = require('node:assert/strict');
const net = require('node:net');
const { parseOpenRPCDocument, validateOpenRPCDocument, MethodCallValidator } = require('@open-rpc/schema-utils-js');

function ask(path, method) {
  return new Promise((done, failed) => {
    const socket = net.connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part) => { text += part; });
    socket.on('end', () => done(JSON.parse(text).result));
    socket.on('error', failed);
    socket.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method }) + '\n');
  });
}

async function main() {
  const document = await ask(process.argv[2], 'rpc.discover');
  const verdict = validateOpenRPCDocument(document);
  assert.equal(verdict, true, String(verdict && verdict.message));
  const parsed = await parseOpenRPCDocument(document);
  const validator = new MethodCallValidator(parsed);
  let examples = 0;
  for (const method of document.methods) {
    for (const example of method.examples) {
      // Always by name: by position the validator takes an absent param "at" for the method of arrays.
      const params = Object.fromEntries(example.params.map((param) => [param.name, param.value]));
      const errors = validator.validate(method.name, params);
      assert.deepEqual(errors, [], `${method.name} ${example.name}: ${JSON.stringify(errors)}`);
      examples += 1;
    }
  }
  console.log(`${document.methods.length} methods, ${examples} examples`);
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
