import t from "tap";
import { encodeClientHello, sendClientHello } from "../harness/client-hello.ts";
import { explicitEntrance, travel } from "../harness/entrance.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, headerCredential } from "../harness/gateway-manifests.ts";
import { startUpstreams } from "../harness/upstreams.ts";
const upstreams = await startUpstreams(t, { tlsHosts: ["allowed.test"] });
const secret = (v: string) => JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "upstream" }, stringData: { token: v } });
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "routes.yaml": allowHosts("allowed", ["allowed.test"]),
    "secret.yaml": secret("one"),
    "credential.yaml": headerCredential({ secret: "upstream", route: { kind: "EgressHTTPRoute", name: "allowed" }, headerName: "x-upstream-key" }),
  },
});
const run = await gateway.registerRun("names");
const entrance = explicitEntrance(run);
const go = async () => {
  const r = await travel(entrance, { dialled: { host: "allowed.test", port: 443 }, servername: "allowed.test", ca: run.ca, request: { path: "/bytes/1", authority: "allowed.test" } });
  return [r.status, r.status===200?"":r.text.slice(0,150), upstreams.tls.requests.at(-1)?.headers["x-upstream-key"]];
};
for (const sni of (process.env["SNI"] ?? "").split(",")) {
  console.log("before", sni, await go());
  console.log(await sendClientHello(await entrance.open({ host: "allowed.test", port: 443 }), encodeClientHello(sni), 500));
  console.log(await go());
  const v = "value-" + Math.random();
  try { console.log("change", await gateway.change("secret.yaml", secret(v))); } catch (e) { console.log(String(e)); }
  console.log(v, await go());
  const { ready, reason, rejection, liveRevision } = (await gateway.status()).gateways[0]!;
  console.log({ ready, reason, rejection, liveRevision });
}
console.log(gateway.log);
