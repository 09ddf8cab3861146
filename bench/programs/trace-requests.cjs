// Loaded into the daemon with --require: writes down when its requests to DynamoDB and Lambda began
// and were answered, a JSON object a line. Node tells of them by itself: the product pays nothing.
const { subscribe } = require("node:diagnostics_channel");
const { openSync, writeSync } = require("node:fs");

const path = process.env["IM_BENCH_TRACE"];
if (path !== undefined && /daemon[/]main\.js$/.test(process.argv[1] ?? "")) {
  const file = openSync(path, "a");
  const note = (step) => (message) => {
    const { request } = message;
    const operation = request.getHeader("x-amz-target") ?? request.path;
    const atNs = String(process.hrtime.bigint());
    writeSync(file, `${JSON.stringify({ step, operation, atNs })}\n`);
  };
  subscribe("http.client.request.start", note("began"));
  subscribe("http.client.response.finish", note("answered"));
}
