// A central system on ocpp-rpc in strict mode. Prints {"port": N}, then a JSON object for every CALL it serves
// ({"action", "params"}) and for every answer to a CALL of its own ({"asked", "answer"} or {"asked", "error"}).
// Each line on its standard input is a CALL to make: {"action", "params"}.

const readline = require("node:readline");
const { RPCServer, createRPCError } = require("ocpp-rpc");

const say = (object) => console.log(JSON.stringify(object));
const info = { idTagInfo: { status: "Accepted" } };
const answers = {
  BootNotification: () => ({ status: "Accepted", interval: 300, currentTime: new Date().toISOString() }),
  Heartbeat: () => ({ currentTime: new Date().toISOString() }),
  Authorize: () => info,
  StartTransaction: () => ({ ...info, transactionId: 4711 }),
  StopTransaction: () => info,
  DataTransfer: () => ({ status: "Accepted", data: "thanks" }),
  SignCertificate: () => ({ status: "Accepted" }),
};
for (const action of [
  "StatusNotification", "MeterValues", "DiagnosticsStatusNotification", "FirmwareStatusNotification",
  "LogStatusNotification", "SecurityEventNotification", "SignedFirmwareStatusNotification",
]) answers[action] = () => ({});

async function main() {
  const server = new RPCServer({ protocols: ["ocpp1.6"], strictMode: true });
  let station;
  server.on("client", (client) => {
    station = client;
    client.on("strictValidationFailure", (event) => say({ problem: String(event.error) }));
    client.on("badMessage", (event) => say({ problem: String(event.error) }));
    client.handle(({ method, params }) => {
      if (!answers[method]) throw createRPCError("NotImplemented");
      say({ action: method, params });
      return answers[method](params);
    });
  });
  const http = await server.listen(0, "127.0.0.1");
  say({ port: http.address().port });
  readline.createInterface({ input: process.stdin }).on("line", async (line) => {
    const { action, params } = JSON.parse(line);
    try {
      say({ asked: action, answer: await station.call(action, params) });
    } catch (error) {
      say({ asked: action, error: error.rpcErrorCode || String(error) });
    }
  }).on("close", () => process.exit(0));
}

main().catch((error) => { console.error(error); process.exit(1); });
