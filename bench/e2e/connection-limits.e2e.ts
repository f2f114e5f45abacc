/** Limits of new raw connections, as agents meet them: nothing is dialled of what is refused, and servers that speak first say nothing. */
import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { openThroughProxy } from "../harness/connect-proxy-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import {
  gatewayManifest,
  interceptingListeners,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import type { TcpUpstream } from "../harness/tcp-upstream.ts";
import { startUpstreams } from "../harness/upstreams.ts";
import { waitUntil } from "../harness/processes.ts";

const upstreams = await startUpstreams(t, { tlsHosts: ["echo.test"] });
const [agents, routes, runs] = [
  await createTcpUpstream(),
  await createTcpUpstream({ banner: "ready" }),
  await createTcpUpstream(),
];
for (const upstream of [agents, routes, runs]) t.teardown(() => upstream.close());
const exact = 7;
const limited = (name: string) => ({
  type: "ExtensionRef",
  extensionRef: { group: "clrk.apoxy.dev", kind: "RateLimitPolicy", name },
});
const limit = (name: string, requests: number, scope: string) =>
  objectManifest("RateLimitPolicy", name, { requests, window: "1h", scope });
const rule = ({ port }: TcpUpstream, name: string) => ({
  matches: [{ destinationCIDRs: ["127.0.0.0/8"], ports: [{ port }] }],
  filters: [limited(name)],
});

const gateway = await startGateway(t, {
  engineThreads: 2,
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      listeners: [
        ...interceptingListeners,
        ...[agents, routes, runs].map(({ port }) => ({
          name: `raw-${port}`,
          protocol: "TCP",
          port,
        })),
      ],
    }),
    "limits.yaml": [
      limit("of-agents", exact, "PerAgent"),
      limit("of-route", 3, "PerRoute"),
      limit("of-runs", 1, "PerExecution"),
      limit("of-requests", 2, "PerAgent"),
    ].join(""),
    "routes.yaml": [
      objectManifest("EgressL4Route", "raw", {
        rules: [rule(agents, "of-agents"), rule(routes, "of-route"), rule(runs, "of-runs")],
      }),
      objectManifest("EgressL4Route", "named", {
        rules: [
          {
            matches: [{ destinationHostnames: ["echo.test"] }],
            filters: [limited("of-requests")],
          },
        ],
      }),
    ].join(""),
  },
});

/** What came back of a connection that says something, until it is echoed or closed. */
async function exchange(run: GatewayRun, upstream: TcpUpstream, say: string): Promise<string> {
  const answer = await openThroughProxy(run.proxy, {
    target: `${upstream.address}:${upstream.port}`,
    authorization: run.authorization,
  });
  if (answer.kind === "refused") return "refused";
  const { socket } = answer;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Cannot see the end: still open")), 10_000);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (say !== "" && text.endsWith(say)) socket.end();
    });
    socket.on("error", () => {}); // a reset is an end as well
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(text === "" ? "refused" : text);
    });
    socket.write(say);
  });
}

/** Letters by which the kernel tells what each thread does. */
function threadStates(pid: number): string[] {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).map((thread) => {
    const stat = readFileSync(`${folder}/${thread}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  });
}

t.test(
  "exactly as many connections pass as a limit says, and no more are dialled",
  async (test) => {
    const own = [await gateway.registerRun("dialler"), await gateway.registerRun("dialler")];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => {
        const run = own[index % 2];
        return run === undefined ? "" : exchange(run, agents, "raw bytes");
      }),
    );
    test.equal(answers.filter((answer) => answer === "raw bytes").length, exact);
    test.equal(answers.filter((answer) => answer === "refused").length, 40 - exact);
    test.equal(agents.connections.length, exact, "nothing is dialled of what is refused");
    const other = await gateway.registerRun("other");
    test.equal(
      await exchange(other, agents, "raw bytes"),
      "raw bytes",
      "another agent has its own",
    );
    const record = await gateway.waitForRecord(
      ({ decision, request }) => request.port === agents.port && decision.verdict === "deny",
    );
    test.match(record, {
      kind: "tcp",
      agent: { name: "dialler" },
      upstream: null,
      tier: "engine",
      decision: {
        verdict: "deny",
        reason: "rate-limited",
        route: { kind: "EgressL4Route", name: "raw", rule: 0 },
      },
    });
    const passed = await gateway.waitForRecord(
      ({ decision, request }) => request.port === agents.port && decision.verdict === "allow",
    );
    test.match(passed, { tier: "engine", upstream: { address: `127.0.0.1:${agents.port}` } });
  },
);

t.test("a server that speaks first says nothing on a connection that is refused", async (test) => {
  const run = await gateway.registerRun("listener");
  for (let index = 0; index < 3; index++) {
    test.equal(await exchange(run, routes, "more"), "readymore");
  }
  const second = await gateway.registerRun("second");
  test.equal(await exchange(second, routes, ""), "refused", "all agents are one to it");
  test.equal(routes.connections.length, 3);
});

t.test("each run has its own where executions are counted", async (test) => {
  const [one, two] = [await gateway.registerRun("a"), await gateway.registerRun("a")];
  test.equal(await exchange(one, runs, "x"), "x");
  test.equal(await exchange(one, runs, "x"), "refused");
  test.equal(await exchange(two, runs, "x"), "x");
});

t.test("what the gateway reads of such a route is counted by requests", async (test) => {
  const run = await gateway.registerRun("reader");
  const seen: number[] = [];
  for (let index = 0; index < 3; index++) {
    seen.push((await requestThrough(run, "https://echo.test/bytes/1")).status);
  }
  test.same(seen, [200, 200, 429]);
});

t.test(
  "a connection about which nobody answers is closed, and the record says why",
  async (test) => {
    const run = await gateway.registerRun("unlucky");
    const { gateway: pid } = await gateway.pids();
    t.teardown(() => process.kill(pid, "SIGCONT"));
    process.kill(pid, "SIGSTOP");
    await waitUntil(() => threadStates(pid).every((state) => state === "T"), {
      deadlineMs: 10_000,
      what: "a process whose threads all stand still",
    });
    test.equal(await exchange(run, agents, "raw bytes"), "refused");
    process.kill(pid, "SIGCONT");
    const record = await gateway.waitForRecord(({ agent }) => agent?.uid === run.runId);
    test.match(record, { decision: { verdict: "deny", reason: "engine-unavailable" } });
  },
);

t.test("the route is shown with what decides", async (test) => {
  const shown = await waitUntil(
    async () => {
      const { items } = await gateway.objects("EgressL4Route");
      return items.find(({ object }) => object.metadata.name === "raw");
    },
    { deadlineMs: 10_000, what: "the route" },
  );
  test.match(JSON.stringify(shown), /counts connections for RateLimitPolicy default\/of-agents/);
});
