/**
 * Objects that come through the API server: what is applied there decides traffic a moment later, what became of it is
 * in its status, and neither a kill of the control process nor its absence takes anything away.
 */
import { once } from "node:events";
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import type { AgentAccess } from "../harness/agent-requests.ts";
import { startControlProcess } from "../harness/control-process.ts";
import type { ControlProcess } from "../harness/control-process.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest } from "../harness/gateway-manifests.ts";
import { startLoad } from "../harness/load-loop.ts";
import { waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";
import { parseAllDocuments } from "yaml";

const upstreams = await startUpstreams(t, { tlsHosts: ["one.test", "two.test"] });
const control = await startControlProcess(t);
const group = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default";
const core = "/api/v1/namespaces/default";
const paths: Readonly<Record<string, string>> = {
  EgressGateway: `${group}/egressgateways`,
  EgressHTTPRoute: `${group}/egresshttproutes`,
  CredentialInjectionPolicy: `${group}/credentialinjectionpolicies`,
  Secret: `${core}/secrets`,
};

interface Written {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

async function apply(server: ControlProcess, object: Written): Promise<number> {
  const { kind, metadata } = object;
  const { status, body } = await server.request(
    "PATCH",
    `${paths[kind]}/${metadata.name}?fieldManager=test&force=true`,
    { body: object, type: "application/apply-patch+yaml" },
  );
  if (status >= 300) throw new Error(`Cannot apply ${kind}: ${JSON.stringify(body)}`);
  return status;
}

function route(name: string, hostnames: readonly string[]): Written {
  const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressHTTPRoute",
    metadata: { name },
    spec: { parentRefs, hostnames, rules: [{}] },
  };
}

for (const document of parseAllDocuments(gatewayManifest({ ...upstreams }))) {
  const object: Written | null = document.toJS();
  if (object !== null) await apply(control, object);
}
const gateway = await startGateway(t, { manifests: {}, feed: control.feed, home: control.home });
const run = await gateway.registerRun("agent");
const [one, two] = ["https://one.test/bytes/2", "https://two.test/bytes/2"];

async function answers(access: AgentAccess, url: string, status: number): Promise<number> {
  const startedMs = performance.now();
  await waitUntil(
    async () => ((await requestThrough(access, url)).status === status ? true : undefined),
    { deadlineMs: 10_000, what: `${status} of ${url}` },
  );
  return Math.round(performance.now() - startedMs);
}

async function statusOf(server: ControlProcess, kind: string, name: string): Promise<object> {
  const { body } = await server.request("GET", `${paths[kind]}/${name}`);
  return Object(body).status ?? {};
}

t.test("what is applied decides, and what is deleted does not any more", async (test) => {
  test.equal((await requestThrough(run, one)).status, 403);
  await apply(control, route("one", ["one.test"]));
  test.comment(`allowed after ${await answers(run, one, 200)} ms`);
  await apply(control, route("one", ["two.test"]));
  await answers(run, two, 200);
  test.equal((await requestThrough(run, one)).status, 403);
  await control.request("DELETE", `${paths["EgressHTTPRoute"]}/one`);
  test.comment(`denied after ${await answers(run, two, 403)} ms`);
});

t.test(
  "status says what became of objects, for the generation that was looked at",
  async (test) => {
    await apply(control, route("one", ["one.test"]));
    const parents = [
      {
        parentRef: { kind: "EgressGateway", name: "egress" },
        controllerName: "clrk.apoxy.dev/gateway",
        conditions: [{ type: "Accepted", status: "True", observedGeneration: 1 }],
      },
    ];
    await waitUntil(
      async () =>
        "parents" in (await statusOf(control, "EgressHTTPRoute", "one")) ? true : undefined,
      { deadlineMs: 20_000, what: "a status" },
    );
    test.match(await statusOf(control, "EgressHTTPRoute", "one"), { parents });
    const credential = {
      apiVersion: "clrk.apoxy.dev/v1alpha1",
      kind: "CredentialInjectionPolicy",
      metadata: { name: "key" },
      spec: {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "one" }],
        secretRef: { name: "key" },
        target: "Header",
        headerName: "authorization",
      },
    };
    await apply(control, credential);
    await answers(run, one, 403);
    const reasonOf = async () => {
      const status = await statusOf(control, "CredentialInjectionPolicy", "key");
      return JSON.stringify(status).includes("SecretNotFound") ? "SecretNotFound" : "none";
    };
    await waitUntil(async () => ((await reasonOf()) === "SecretNotFound" ? true : undefined), {
      deadlineMs: 20_000,
      what: "a condition about the Secret",
    });
    const data = { token: Buffer.from("of the agent nobody's business").toString("base64") };
    await apply(control, { apiVersion: "v1", kind: "Secret", metadata: { name: "key" }, data });
    await answers(run, one, 200);
    const sent = upstreams.tls.requests.at(-1)?.headers;
    test.match(JSON.stringify(sent), "nobody's business");
    await waitUntil(async () => ((await reasonOf()) === "none" ? true : undefined), {
      deadlineMs: 20_000,
      what: "the condition to be over",
    });
    const ready = await statusOf(control, "EgressGateway", "egress");
    test.match(ready, { listenerCount: Number });
    test.match(JSON.stringify(ready), '"type":"Ready"');
  },
);

t.test(
  "a kill of the control process under load: requests go on, and all that was acknowledged is there",
  { timeout: 60_000 },
  async (test) => {
    const load = startLoad(run, { connections: 4, urls: [one] });
    await waitUntil(() => load.answered > 20, { deadlineMs: 10_000, what: "load" });
    let acknowledged = 0;
    let isDown = false;
    const writing = (async () => {
      while (!isDown) {
        const written = route(`bulk-${acknowledged}`, [`bulk-${acknowledged}.test`]);
        const ok = await apply(control, written).then(
          () => true,
          () => false,
        );
        if (!ok) return;
        acknowledged++;
      }
    })();
    await waitUntil(() => acknowledged > 50, { deadlineMs: 20_000, what: "writes" });
    const { port } = new URL(control.url);
    control.child.signal("SIGKILL");
    await control.child.exited;
    isDown = true;
    await writing;
    const before = load.answered;
    await waitUntil(() => load.answered > before + 20, { deadlineMs: 10_000, what: "load still" });
    test.equal((await requestThrough(run, two)).status, 403, "and nothing more is allowed");
    const again = await startControlProcess(test, {
      home: control.home,
      arguments: ["--port", port],
    });
    const { body } = await again.request("GET", paths["EgressHTTPRoute"] ?? "");
    const names = new Set<string>(Object(body).items.map((item: Written) => item.metadata.name));
    const lost = Array.from({ length: acknowledged }, (_, index) => `bulk-${index}`).filter(
      (name) => !names.has(name),
    );
    test.strictSame(lost, [], `all of ${acknowledged} are there`);
    await apply(again, route("two", ["two.test"]));
    test.comment(`allowed after ${await answers(run, two, 200)} ms`);
    const { statuses, failures } = await load.stop();
    test.strictSame([...statuses.keys()], [200]);
    test.strictSame(failures, []);
    const { child } = gateway;
    if (child.exitCode === null) child.kill("SIGTERM");
    await once(child, "exit");
  },
);
