// A charge point on ocpp-rpc in strict mode that does as it is told, line by line of JSON on standard input:
//   node every_action.js ENDPOINT IDENTITY
// {"answers": {ACTION: payload}}          connect, and answer these actions so     -> {"protocol": ...}
// {"call": ACTION, "payload": payload}    send it                                  -> {"answer": ...} or {"error": ...}
// {"end": true}                           close                                    -> {"asked": ..., "problems": ...}

const readline = require("readline");
const { RPCClient } = require("ocpp-rpc");

const [endpoint, identity] = process.argv.slice(2);
const seen = { asked: [], problems: [] };
const client = new RPCClient({
  endpoint, identity, protocols: ["ocpp1.6"], strictMode: true, reconnect: false, callTimeoutMs: 15000,
});
client.on("strictValidationFailure", (event) => seen.problems.push(`${event.method}: ${event.error}`));
client.on("badMessage", (event) => seen.problems.push(String(event.error)));

async function follow(line) {
  if (line.answers) {
    for (const [action, answer] of Object.entries(line.answers)) {
      client.handle(action, ({ params }) => { seen.asked.push([action, params]); return answer; });
    }
    await client.connect();
    return { protocol: client.protocol };
  }
  if (line.call) {
    return client.call(line.call, line.payload).then((answer) => ({ answer }), (error) => ({ error: String(error) }));
  }
  await client.close();
  return seen;
}

async function main() {
  for await (const text of readline.createInterface({ input: process.stdin })) {
    const line = JSON.parse(text);
    console.log(JSON.stringify(await follow(line)));
    if (line.end) return process.exit(0);
  }
}

main().catch((error) => { console.error(error); process.exit(1); });
