// A charge point on ocpp-rpc in strict mode: every message either way is validated against its own schemas.
//   node charge_point.js ENDPOINT IDENTITY TAG
// Runs one session, answers what the central system asks, prints what happened as one JSON object when it is
// told to stop (a RemoteStopTransaction) and has stopped.

const { RPCClient } = require("ocpp-rpc");

const [endpoint, identity, tag] = process.argv.slice(2);
const seen = { identity, asked: [], problems: [] };
const now = () => new Date().toISOString();

async function main() {
  const client = new RPCClient({
    endpoint, identity, protocols: ["ocpp1.6"], strictMode: true, reconnect: false, callTimeoutMs: 15000,
  });
  client.on("strictValidationFailure", (event) => seen.problems.push(String(event.error)));
  client.on("badMessage", (event) => seen.problems.push(String(event.error)));
  const toldToStop = new Promise((resolve) => {
    client.handle("RemoteStopTransaction", ({ params }) => {
      seen.asked.push("RemoteStopTransaction");
      resolve(params.transactionId);
      return { status: "Accepted" };
    });
  });
  client.handle("GetConfiguration", ({ params }) => {
    seen.asked.push("GetConfiguration");
    return { configurationKey: [{ key: "HeartbeatInterval", readonly: false, value: "300" }],
             unknownKey: (params.key || []).filter((key) => key !== "HeartbeatInterval") };
  });
  client.handle("ChangeConfiguration", () => { seen.asked.push("ChangeConfiguration"); return { status: "Accepted" }; });
  client.handle("ClearCache", () => { seen.asked.push("ClearCache"); return { status: "Accepted" }; });

  await client.connect();
  seen.protocol = client.protocol;
  seen.boot = await client.call("BootNotification", { chargePointVendor: "ocpp-rpc", chargePointModel: "node" });
  await client.call("StatusNotification", { connectorId: 1, errorCode: "NoError", status: "Preparing" });
  seen.heartbeat = await client.call("Heartbeat", {});
  seen.authorize = await client.call("Authorize", { idTag: tag });
  seen.start = await client.call("StartTransaction",
    { connectorId: 1, idTag: tag, meterStart: 1000, timestamp: now() });
  await client.call("StatusNotification", { connectorId: 1, errorCode: "NoError", status: "Charging", timestamp: now() });
  for (const value of ["1100", "1200.5"]) {
    seen.meterValues = await client.call("MeterValues", {
      connectorId: 1, transactionId: seen.start.transactionId,
      meterValue: [{ timestamp: now(), sampledValue: [
        { value, context: "Sample.Periodic", measurand: "Energy.Active.Import.Register", unit: "Wh" },
        { value: "16.0", measurand: "Current.Import", phase: "L1", unit: "A" }] }] });
  }
  seen.data = await client.call("DataTransfer", { vendorId: "org.example", messageId: "hello", data: "world" });
  console.log(JSON.stringify({ charging: seen.start.transactionId }));
  const transactionId = await toldToStop;
  seen.stop = await client.call("StopTransaction",
    { transactionId, idTag: tag, meterStop: 2000, timestamp: now(), reason: "Remote" });
  await client.close();
  console.log(JSON.stringify(seen));
}

main().catch((error) => { console.error(error); process.exit(1); });
