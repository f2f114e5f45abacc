/**
 * Configuration that is absent, refused, broken or rejected by Envoy, and records that cannot be kept: refused with the
 * field at fault, or served as before, and in every case said in the status.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { join } from "node:path";
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import type { GatewayStatus } from "../../gateway/control-api.ts";
import { exchange, explicitEntrance, transparentEntrance, travel } from "../harness/entrance.ts";
import { startGateway } from "../harness/gateway.ts";
import { launchGateway } from "../harness/gateway-launch.ts";
import { allowHosts, gatewayManifest } from "../harness/gateway-manifests.ts";
import { descendants } from "../harness/process-table.ts";
import { findMountObstacle, mountMemory } from "../harness/own-mount.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["allowed.test"],
  plainHosts: ["plain.test"],
});
const tcp = { name: "tcp", protocol: "TCP" };
const intercepting = [
  { name: "tls", protocol: "TLS", tls: { mode: "Terminate" } },
  { name: "http", protocol: "HTTP" },
];
const routes = allowHosts("allowed", ["allowed.test", "plain.test"]);
const good = gatewayManifest({ ...upstreams, listeners: [...intercepting, tcp] });
const gateway = await startGateway(t, {
  manifests: { "gateway.yaml": good, "routes.yaml": routes },
});
const run = await gateway.registerRun("configured");

t.beforeEach(() => {
  upstreams.tls.reset();
  upstreams.plain.reset();
});

t.test("without any object nothing listens and no run can be registered", async (test) => {
  const root = temporaryDirectory(test);
  mkdirSync(join(root, "policy"));
  const empty = await launchGateway(test, {
    home: join(root, "home"),
    paths: [join(root, "policy")],
  });
  const status = await empty.status();
  test.same(status.gateways, []);
  test.same(descendants(empty.pid), []);
  await test.rejects(empty.registerRun("nobody"), /No EgressGateway is served: apply one first/);
});

const [terminate, http] = intercepting;
const refusing: readonly { readonly name: string; readonly text: string; readonly says: string }[] =
  [
    {
      name: "caCertRef",
      text: gatewayManifest({
        ...upstreams,
        listeners: [
          { ...terminate, tls: { mode: "Terminate", caCertRef: { name: "own" } } },
          http ?? {},
        ],
      }),
      says: "Refused because EgressGateway default/egress cannot be enforced: spec.listeners[0].tls.caCertRef is not enforced yet",
    },
    {
      name: "a trust bundle that does not exist",
      text: gatewayManifest({
        aliases: upstreams.aliases,
        spec: { upstreamTLS: { additionalTrustBundleSecretRef: { name: "nowhere" } } },
      }),
      says: "Secret default/nowhere does not exist",
    },
  ];
for (const { name, text, says } of refusing) {
  t.test(`a gateway that declares ${name} refuses everything and names it`, async (test) => {
    await gateway.change("gateway.yaml", text);
    test.match((await gateway.status()).gateways, [{ ready: false }]);
    const [status] = (await gateway.status()).gateways;
    test.match(status?.reason, says);
    for (const url of ["https://allowed.test/bytes/10", "http://plain.test/bytes/10"]) {
      const response = await requestThrough(run, url);
      test.equal(response.status, 403, url);
      const { message } = JSON.parse(response.text);
      test.match(message, says);
    }
    const raw = await explicitEntrance(run).open({ host: "127.0.0.1", port: upstreams.plain.port });
    test.same(await exchange(raw, "\0raw\r\n\r\n"), { text: "", closed: true });
    test.same([...upstreams.tls.requests, ...upstreams.plain.requests], []);
  });
}

t.test("the refusal ends with its cause, on the same address", async (test) => {
  await gateway.change("gateway.yaml", good);
  test.equal((await requestThrough(run, "https://allowed.test/bytes/10")).status, 200);
  test.match((await gateway.status()).gateways, [{ ready: true, reason: "" }]);
});

const broken: readonly { readonly name: string; readonly text: string; readonly says: RegExp }[] = [
  { name: "no YAML", text: "kind: [", says: /./ },
  {
    name: "an unknown kind",
    text: "apiVersion: v1\nkind: Egress\nmetadata: {name: x}",
    says: /Egress/,
  },
  {
    name: "an unknown field",
    text: routes.replace('"rules"', '"rulez"'),
    says: /rulez/,
  },
  {
    name: "a rule that names nothing",
    text: routes.replace("{}", '{"matches":[{}]}'),
    says: /match/,
  },
];
for (const { name, text, says } of broken) {
  t.test(`a file with ${name} changes nothing, and the status says why`, async (test) => {
    const { revision } = await gateway.status();
    const since = gateway.events.length;
    gateway.writeManifest("more.yaml", text);
    const [problem] = await gateway.waitForProblems(since);
    test.match(problem?.file, /more\.yaml$/);
    test.match(`${problem?.field} ${problem?.message}`, says);
    const status = await gateway.status();
    test.match(status.problems, [{ file: /more\.yaml$/ }]);
    test.equal(status.revision, revision);
    test.equal((await requestThrough(run, "https://allowed.test/bytes/10")).status, 200);
    gateway.removeManifest("more.yaml");
    await waitUntil(async () => (await gateway.status()).problems.length === 0, {
      deadlineMs: 10_000,
      what: "status without problems",
    });
  });
}

t.test("a port that is taken is said, captured agents are served, and it heals", async (test) => {
  const squatter = createServer((_, response) => response.end("not a proxy"));
  const port = await listen(squatter);
  test.teardown(() => squatter.close());
  const other = createServer();
  const transparentPort = await listen(other);
  await new Promise((resolve) => other.close(resolve));
  const root = temporaryDirectory(test);
  const file = join(root, "gateway.yaml");
  const manifest = gatewayManifest({ ...upstreams, spec: { explicitProxy: { port } } });
  writeFileSync(file, manifest + routes);
  const taken = await launchGateway(test, {
    home: join(root, "h"),
    paths: [file],
    args: ["--transparent", `127.0.0.1:${transparentPort}`],
  });
  const find = (accepts: (status: GatewayStatus) => boolean) =>
    waitUntil(async () => (await taken.status()).gateways.find(accepts), {
      deadlineMs: 20_000,
      what: "state of the gateway",
    });
  const status = await find(({ rejection }) => rejection !== "");
  test.match(status, { ready: false, liveRevision: 0 });
  test.match(status.rejection, new RegExp(`127\\.0\\.0\\.1:${port}`));
  test.match(status.reason, /^Envoy rejected the configuration/);
  const captured = transparentEntrance({ address: "127.0.0.1", port: transparentPort });
  const { status: answered } = await travel(captured, {
    dialled: { host: "plain.test", port: 80 },
    request: { path: "/bytes/10", authority: "plain.test" },
  });
  test.equal(answered, 200);
  await new Promise((resolve) => squatter.close(resolve));
  writeFileSync(file, manifest + allowHosts("changed", ["plain.test"]));
  test.match(await find(({ ready }) => ready), { reason: "", rejection: "" });
});

t.test(
  "two gateways of one user never share a port, so that no credential goes astray",
  async (test) => {
    const root = temporaryDirectory(test);
    const { port } = run.proxy;
    const manifest = gatewayManifest({ ...upstreams, spec: { explicitProxy: { port } } });
    writeFileSync(join(root, "gateway.yaml"), manifest + routes);
    const second = await launchGateway(test, {
      home: join(root, "h"),
      paths: [join(root, "gateway.yaml")],
    });
    const status = await waitUntil(
      async () =>
        (await second.status()).gateways.find(
          ({ rejection, liveRevision }) => rejection !== "" || liveRevision > 0,
        ),
      { deadlineMs: 20_000, what: "answer of the second Envoy" },
    );
    test.match(status, { ready: false, liveRevision: 0 });
    for (let index = 0; index < 20; index++) {
      const response = await requestThrough(run, "http://plain.test/bytes/10");
      test.equal(response.status, 200);
    }
  },
);

t.test(
  "a receiver of records that refuses or is gone costs no request, and is said",
  async (test) => {
    let isRefusing = true;
    const receiver = createServer((request, response) => {
      request.resume();
      response.writeHead(isRefusing ? 400 : 200).end("{}");
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const address = receiver.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const endpoint = `http://127.0.0.1:${port}`;
    await gateway.change(
      "gateway.yaml",
      gatewayManifest({ ...upstreams, spec: { otlp: { endpoint } } }),
    );
    const fresh = await gateway.registerRun("recorded");
    test.equal((await requestThrough(fresh, "https://allowed.test/bytes/10")).status, 200);
    const dropped = await waitUntil(
      async () => {
        const { records } = await gateway.status();
        return records.dropped > 0 ? records : undefined;
      },
      { deadlineMs: 8_000, what: "counted loss" },
    );
    test.match(dropped.failure, /OTLP of default\/egress/);
    isRefusing = false;
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    for (let index = 0; index < 20; index++) {
      test.equal((await requestThrough(fresh, "https://allowed.test/bytes/10")).status, 200);
    }
    const failing = await waitUntil(
      async () => {
        const { records } = await gateway.status();
        return /ECONNREFUSED/.test(records.failure) ? records : undefined;
      },
      { deadlineMs: 8_000, what: "failure of the receiver" },
    );
    test.match(failing.failure, /OTLP of default\/egress/);
    await gateway.change("gateway.yaml", good);
  },
);

const full = findMountObstacle(t);
t.test(
  "a full disk costs no request, and is said",
  full === undefined ? {} : { skip: full },
  async (test) => {
    const other = await startGateway(test, {
      manifests: { "gateway.yaml": good, "routes.yaml": routes },
    });
    const records = join(other.home, "records");
    mountMemory(test, records, { size: "16k" });
    const agent = await other.registerRun("writer");
    const pages = Array.from({ length: 40 }, (_, index) => index);
    for (const index of pages) {
      const response = await requestThrough(agent, `https://allowed.test/bytes/${index}`);
      test.equal(response.status, 200);
    }
    const status = await waitUntil(
      async () => {
        const said = await other.status();
        return said.records.failure === "" ? undefined : said;
      },
      { deadlineMs: 20_000, what: "failure of the record file" },
    );
    test.match(status.records.failure, /ENOSPC|no space/i);
    test.match(status.gateways, [{ ready: true }]);
  },
);

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}
