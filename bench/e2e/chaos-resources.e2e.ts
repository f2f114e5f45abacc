/**
 * What a machine does to its programs, under load: it stops them for a while, runs out of space and of descriptors, and
 * has its clock set. What cannot be decided is refused meanwhile, nothing that is denied passes, and service is back by
 * itself.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import { join } from "node:path";
import t from "tap";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import type { AgentAccess } from "../harness/agent-requests.ts";
import { createFakeClock, findFakeTime } from "../harness/fake-time.ts";
import { startGateway } from "../harness/gateway.ts";
import type { RunningGateway } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest, allowHosts } from "../harness/gateway-manifests.ts";
import { openHttp2 } from "../harness/http-over-socket.ts";
import { startLoad } from "../harness/load-loop.ts";
import { findMountObstacle, mountMemory } from "../harness/own-mount.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import type { TestScope } from "../harness/processes.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["native.test", "asked.test", "denied.test"],
});
const old = await startOldUpstream(t);
const manifests = {
  "gateway.yaml": gatewayManifest({
    ...upstreams,
    aliases: [...upstreams.aliases, { port: old.port, hostnames: ["old.test"] }],
  }),
  "routes.yaml": [
    allowHosts("native", ["native.test", "old.test"]),
    objectManifest("RateLimitPolicy", "wide", { requests: 1_000_000, window: "1h" }),
    objectManifest("RateLimitPolicy", "two", { requests: 2, window: "1h" }),
    objectManifest("EgressHTTPRoute", "asked", {
      hostnames: ["asked.test"],
      rules: [
        { matches: [{ path: { type: "Exact", value: "/bytes/2" } }], filters: [limited("two")] },
        { filters: [limited("wide")] },
      ],
    }),
    objectManifest("AIProviderRoute", "openai", {
      rules: [
        {
          matches: [{ provider: "openai" }],
          filters: [{ type: "TokenBudget", tokenBudget: { maxTokensPerExecution: 10_000_000 } }],
        },
      ],
    }),
  ].join(""),
};
const native = "https://native.test/bytes/100";
const asked = "https://asked.test/bytes/100";
const denied = "https://denied.test/bytes/100";

function limited(name: string) {
  return {
    type: "ExtensionRef",
    extensionRef: { group: "clrk.apoxy.dev", kind: "RateLimitPolicy", name },
  };
}

function chat(run: AgentAccess) {
  return requestThrough(run, "https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${openAiKey}` },
    body: JSON.stringify({ model: "gpt-4.1", messages: [{ role: "user", content: "hello" }] }),
  });
}

async function usedSoFar(gateway: RunningGateway): Promise<number> {
  const budgets = await gateway.budgets();
  return budgets.reduce((sum, { used }) => sum + used, 0);
}

/** The denied host is asked all the time, and must never hear anything. */
async function stand(
  scope: TestScope,
  more: {
    readonly home?: string;
    readonly openFiles?: number;
    readonly environment?: Record<string, string>;
  } = {},
) {
  upstreams.tls.reset();
  const gateway = await startGateway(scope, { manifests, engineThreads: 2, ...more });
  const run = await gateway.registerRun("survivor");
  return { gateway, run };
}

function deniedRequests(): number {
  return upstreams.tls.requests.filter(({ authority }) => authority.startsWith("denied")).length;
}

async function answered(run: AgentAccess, url: string, limitMs: number): Promise<number> {
  const started = performance.now();
  await waitUntil(
    () => requestThrough(run, url).then(({ status }) => status === 200 || undefined),
    { deadlineMs: limitMs, what: `200 of ${url}` },
  );
  return Math.round(performance.now() - started);
}

function signal(pids: readonly number[], name: "SIGSTOP" | "SIGCONT"): void {
  for (const pid of pids) process.kill(pid, name);
}

t.test(
  "Envoy stopped for two seconds under load: requests are late and none is lost",
  async (test) => {
    const { gateway, run } = await stand(test);
    const load = startLoad(run, { connections: 8, urls: [native, asked, denied] });
    await waitUntil(() => load.answered > 60, { deadlineMs: 10_000, what: "load" });
    const { envoys } = await gateway.pids();
    test.teardown(() => signal(envoys, "SIGCONT"));
    signal(envoys, "SIGSTOP");
    const before = load.answered;
    await pause(2_000);
    test.ok(load.answered - before <= 8, "nobody else answers meanwhile");
    signal(envoys, "SIGCONT");
    await waitUntil(() => load.answered > before + 60, { deadlineMs: 10_000, what: "load again" });
    const { statuses, failures } = await load.stop();
    test.same([...statuses.keys()].toSorted(), [200, 403]);
    test.same(failures, []);
    test.equal(deniedRequests(), 0);
    test.match((await gateway.status()).gateways, [{ envoy: { restarts: 0 } }]);
  },
);

t.test(
  "the gateway process stopped: what Envoy decides alone goes on, all else is refused",
  async (test) => {
    const { gateway, run } = await stand(test);
    test.equal((await requestThrough(run, native)).status, 200);
    test.equal((await requestThrough(run, asked)).status, 200);
    // A name that was never asked for has no certificate yet, and its handshake would wait.
    test.equal((await requestThrough(run, denied)).status, 403);
    const { gateway: pid } = await gateway.pids();
    test.teardown(() => signal([pid], "SIGCONT"));
    signal([pid], "SIGSTOP");
    test.equal((await requestThrough(run, native)).status, 200);
    test.equal((await requestThrough(run, denied)).status, 403);
    const heard = upstreams.tls.requests.length;
    const waiting = await requestThrough(run, asked);
    test.equal(waiting.status, 504);
    test.equal(upstreams.tls.requests.length, heard, "the upstream heard nothing");
    signal([pid], "SIGCONT");
    const ms = await answered(run, asked, 15_000);
    test.comment(`service was back after ${ms} ms`);
    const record = await gateway.waitForRecord(({ response }) => response.status === 504);
    test.match(record.decision, { verdict: "deny", reason: "engine-unavailable" });
    test.equal(deniedRequests(), 0);
  },
);

const noMount = findMountObstacle(t);

t.test(
  "a full disk under the budgets: calls that have one are refused, others are not, and spend stays",
  noMount === undefined ? {} : { skip: noMount },
  async (test) => {
    const home = join(temporaryDirectory(test), "home");
    const budgets = join(home, "budgets");
    mkdirSync(budgets, { recursive: true, mode: 0o700 });
    mountMemory(test, budgets, { size: "256k", mode: "0700" });
    const { gateway, run } = await stand(test, { home });
    test.equal((await chat(run)).status, 200);
    const used = await waitUntil(async () => (await usedSoFar(gateway)) || undefined, {
      deadlineMs: 20_000,
      what: "spend",
    });
    const filler = join(budgets, "filler");
    fill(filler);
    const heard = upstreams.tls.requests.length;
    const refused = await waitUntil(
      async () => {
        const answer = await chat(run);
        return answer.status === 503 ? answer : undefined;
      },
      // What is left of the last page takes some lines.
      { deadlineMs: 20_000, what: "refusal" },
    );
    test.match(refused.text, /budget-unavailable|budget/);
    test.equal((await requestThrough(run, native)).status, 200);
    test.equal((await requestThrough(run, asked)).status, 200);
    const passed = upstreams.tls.requests.length - heard - 2;
    rmSync(filler);
    await waitUntil(async () => ((await chat(run)).status === 200 ? true : undefined), {
      deadlineMs: 10_000,
      what: "calls with a budget again",
    });
    await waitUntil(
      async () => ((await usedSoFar(gateway)) >= used * (passed + 2) ? true : undefined),
      {
        deadlineMs: 20_000,
        what: "spend of all calls that passed",
      },
    );
  },
);

t.test("few descriptors: connections wait or are refused, and Envoy does not end", async (test) => {
  const openFiles = 600;
  const bound = 150;
  const { gateway, run } = await stand(test, { openFiles });
  test.equal((await requestThrough(run, native)).status, 200);
  const { envoys } = await gateway.pids();
  const [envoy = 0] = envoys;
  // One HTTP/2 connection of many streams, each of which wants a connection to an upstream that speaks HTTP/1.1.
  const held = await holdStreams(test, run, "old.test", 2 * bound);
  await waitUntil(() => (old.connections() >= bound - 10 ? true : undefined), {
    deadlineMs: 15_000,
    what: "connections to the upstream",
  });
  const tunnels = await Promise.all(
    Array.from({ length: 2 * bound }, () =>
      within(4_000, openSecureTunnel(run, "native.test:443")),
    ),
  );
  const open = tunnels.filter((tunnel) => tunnel !== "failed");
  test.ok(open.length < bound, `${open.length} of ${tunnels.length} tunnels are open`);
  test.ok(readdirSync(`/proc/${envoy}/fd`).length < openFiles, "descriptors are left");
  for (const tunnel of open) tunnel.destroy();
  held.destroy();
  const ms = await answered(run, native, 15_000);
  test.comment(`service was back after ${ms} ms`);
  await answered(run, asked, 5_000);
  test.equal((await requestThrough(run, denied)).status, 403);
  test.equal(deniedRequests(), 0);
  test.match((await gateway.status()).gateways, [{ envoy: { restarts: 0 } }]);
});

t.test(
  "descriptors of the gateway process gone: requests go on, and it is told again",
  async (test) => {
    const { gateway, run } = await stand(test);
    // Envoy asks the engine's threads in turn: each has its connection now, and none has to be accepted later.
    for (const url of [native, asked, asked, asked, asked, denied]) await requestThrough(run, url);
    const { gateway: pid } = await gateway.pids();
    const before = limitDescriptors(pid, await lowestFree(pid));
    test.equal((await requestThrough(run, native)).status, 200);
    test.equal((await requestThrough(run, asked)).status, 200);
    test.equal((await requestThrough(run, denied)).status, 403);
    // What it had open for a moment leaves room for one more.
    await waitUntil(
      async () => {
        limitDescriptors(pid, await lowestFree(pid));
        return (await within(2_000, gateway.status())) === "failed";
      },
      { deadlineMs: 20_000, what: "nobody new to be heard" },
    );
    limitDescriptors(pid, before);
    await waitUntil(() => gateway.status(), { deadlineMs: 10_000, what: "status again" });
    await gateway.change("more.yaml", allowHosts("more", ["denied.test"]));
    test.equal((await requestThrough(run, denied)).status, 200);
  },
);

const fakeTime = findFakeTime();

t.test(
  "the clock set ten minutes on and back: certificates hold, limits and budgets forget nothing",
  fakeTime === undefined ? { skip: "libfaketime is not installed" } : {},
  async (test) => {
    const clock = createFakeClock(fakeTime ?? "", temporaryDirectory(test));
    const { gateway, run } = await stand(test, { environment: { ...clock.environment } });
    const limitedUrl = "https://asked.test/bytes/2";
    for (const status of [200, 200, 429]) {
      test.equal((await requestThrough(run, limitedUrl)).status, status);
    }
    let calls = 0;
    let used = 0;
    for (const offsetSeconds of [600, -600, 0]) {
      clock.moveTo(offsetSeconds);
      // A name that was never asked for needs a certificate of now, whatever now is.
      const secure = await openSecureTunnel(
        run,
        `n${Math.abs(offsetSeconds)}-${calls}.native.test:443`,
      );
      const { valid_from, valid_to } = secure.getPeerCertificate();
      secure.destroy();
      test.ok(Date.parse(valid_from) < Date.now() - 600_000, `valid from ${valid_from}`);
      test.ok(Date.parse(valid_to) > Date.now() + 600_000, `valid to ${valid_to}`);
      if (offsetSeconds > 0) {
        const isMoved = Date.parse(valid_from) > Date.now() - 24 * 3_600_000 + 540_000;
        test.ok(isMoved, "the gateway's clock was moved");
      }
      test.equal((await requestThrough(run, limitedUrl)).status, 429, "still limited");
      test.equal((await chat(run)).status, 200);
      calls++;
      const before = used;
      used = await waitUntil(
        async () => {
          const now = await usedSoFar(gateway);
          return now > before ? now : undefined;
        },
        { deadlineMs: 20_000, what: "spend" },
      );
      test.equal(used % calls, 0, "each call is counted once");
    }
    test.equal(deniedRequests(), 0);
  },
);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What came of it, or that nothing did in time. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | "failed"> {
  return Promise.race([
    work.catch(() => "failed" as const),
    pause(ms).then(() => "failed" as const),
  ]);
}

/** The lowest descriptor that it does not hold for good: some are open only for a moment. */
async function lowestFree(pid: number): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 20; sample++) {
    const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
    let free = 0;
    while (open.has(free)) free++;
    lowest = Math.min(lowest, free);
    await pause(10);
  }
  return lowest;
}

/** Sets how many files it may open at a time, and gives what it might before. */
function limitDescriptors(pid: number, count: number): number {
  const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${count}:`]);
  return Number(/^Max open files +(\d+)/m.exec(limits)?.[1]);
}

/** So many event streams of one connection, which go on until it is destroyed. */
async function holdStreams(scope: TestScope, run: AgentAccess, host: string, count: number) {
  const { session } = openHttp2(await openSecureTunnel(run, `${host}:443`, "h2"));
  scope.teardown(() => session.destroy());
  for (let index = 0; index < count; index++) {
    const stream = session.request({
      ":path": "/",
      ":authority": host,
    });
    stream.on("error", () => {});
    stream.resume();
  }
  return session;
}

/** One that speaks HTTP/1.1 only, and never answers to the end. */
async function startOldUpstream(scope: TestScope) {
  const { certificatePem, privateKeyPem } = upstreams.authority.issue(["old.test"]);
  const server = createServer(
    { cert: certificatePem, key: privateKeyPem, ALPNProtocols: ["http/1.1"] },
    (_, response) => response.write("and so on"),
  );
  const sockets = new Set<Socket>();
  let count = 0;
  server.on("connection", (socket) => {
    count++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return { port, connections: () => count };
}

/** Takes all space that is left. */
function fill(path: string): void {
  for (const size of [65_536, 4_096, 1_024]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      // Full for pieces of this size.
    }
  }
}
