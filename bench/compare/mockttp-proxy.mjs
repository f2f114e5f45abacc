/**
 * mockttp as an intercepting proxy: one pass-through rule to the fake upstream, nothing recorded.
 * One JSON argument: { module, caFile, upstream: "host:port" }; writes its authority to caFile, prints its port.
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { module, caFile, upstream } = JSON.parse(process.argv[2] ?? "{}");
const mockttp = createRequire(import.meta.url)(module);

const https = await mockttp.generateCACertificate();
writeFileSync(caFile, https.cert);
const server = mockttp.getLocal({
  https,
  http2: false,
  recordTraffic: false,
  suggestChanges: false,
});
await server.start();
await server.forAnyRequest().thenPassThrough({
  transformRequest: { replaceHost: { targetHost: upstream, updateHostHeader: false } },
});
console.log(`port ${server.port}`);
process.once("SIGTERM", () => process.exit());
