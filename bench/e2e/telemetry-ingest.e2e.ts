/**
 * What happened and what agents send themselves, stored by the control process and read back by its API: an agent
 * writes only as itself, and nothing that was acknowledged is gone after kills of the store and of the process.
 */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import t from "tap";
import type { Test } from "tap";
import { findOtlpEndpoint } from "../../control/telemetry/otlp-address.ts";
import { findStoreObstacle } from "../../control/telemetry/store-rig.ts";
import {
  mintTelemetryToken,
  telemetryTokenKey,
  tryReadTelemetryToken,
} from "../../gateway/telemetry-token.ts";
import { CONTROL_STATUS_PATH } from "../../control/process-report.ts";
import type { ControlReport } from "../../control/process-report.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { startControlProcess } from "../harness/control-process.ts";
import type { ControlProcess } from "../harness/control-process.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun, RunningGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest } from "../harness/gateway-manifests.ts";
import { httpOver } from "../harness/http-over-socket.ts";
import { runProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";
import { quantileOfSorted } from "../load/statistics.ts";

const noStore = findStoreObstacle();
const options = { timeout: 240_000, ...(noStore !== undefined && { skip: noStore }) };
const group = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default";
const waitMs = 60_000;

t.test("telemetry of gateways and agents is stored, and read back", options, async (t) => {
  const upstreams = await startUpstreams(t, { tlsHosts: ["echo.test", "other.test"] });
  const manifests = join(temporaryDirectory(t), "policy.yaml");
  writeFileSync(manifests, gatewayManifest({ ...upstreams }) + allowHosts("echo", ["echo.test"]));
  let control = await startControlProcess(t, { arguments: ["--file", manifests] });
  const { home } = control;
  const gateway = await startGateway(t, { manifests: {}, feed: control.feed, home });
  const endpoint = await waitUntil(() => findOtlpEndpoint(home), {
    deadlineMs: waitMs,
    what: "a receiver",
  });
  const run = await gateway.registerRun("sender");
  const other = await gateway.registerRun("other");

  await t.test("a command of clrk run sends as itself, whoever it says it is", async (t) => {
    const outcome = await runProcess(
      {
        command: process.execPath,
        arguments: [
          ...[
            "--disable-warning=ExperimentalWarning",
            join(import.meta.dirname, "../../control/cli/main.ts"),
          ],
          ...[
            "run",
            "--agent",
            "worker",
            "--",
            process.execPath,
            "--input-type=module",
            "-e",
            agentScript,
          ],
        ],
        environment: { PATH: process.env["PATH"] ?? "", HOME: home, CLRK_HOME: home },
      },
      waitMs,
    );
    t.same(JSON.parse(outcome.stdout), { otlp: 200, allowed: true, denied: true }, outcome.stderr);
    const isDenied = ({ attributes }: Span) =>
      String(attributes["http.response.status_code"]) === "403";
    const own = await spansOf(
      control,
      "worker",
      (spans) => spans.some(isDenied) && spans.some(({ name }) => name === "claims"),
    );
    t.same(own.filter(({ name }) => name === "claims").length, 1);
    const [claim] = own.filter(({ name }) => name === "claims");
    t.same(claim?.attributes["agent.name"], "worker");
    t.notMatch(JSON.stringify(claim), "somebody-else");
    t.same(await spansOf(control, "somebody-else"), []);
  });

  await t.test("credentials of nobody, altered and expired ones are refused", async (t) => {
    const token = run.telemetryToken;
    const key = telemetryTokenKey(readFileSync(join(home, "placeholder.key")));
    const identity = tryReadTelemetryToken(key, token, {
      nowMs: Date.now(),
      isLiving: () => true,
    });
    if (identity === undefined)
      throw new TypeError("The gateway's token is read by the home's key");
    const { body } = await control.request("GET", `${group}/egressgateways/egress`);
    t.equal(identity.gatewayUid, Object(body).metadata.uid, "it names the gateway's object");
    const hoursAgo = { ...identity, issuedMs: Date.now() - 2 * 3_600_000 };
    // As one of a gateway that was killed: its process id is given out again.
    const expired = mintTelemetryToken(key, { ...hoursAgo, issuer: `${process.pid} 1` });
    t.equal((await post(endpoint, mintTelemetryToken(key, hoursAgo), [span("long")])).status, 200);
    const changed = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
    const proxyToken = new URL(run.proxyUrl).password;
    for (const wrong of ["nobody", changed, expired, proxyToken]) {
      t.equal((await post(endpoint, wrong, [span("no")])).status, 401);
    }
    t.equal((await post(endpoint, token, [span("yes")])).status, 200);
  });

  await t.test("no agent gets into the trace of another's invocation", async (t) => {
    const traceId = traceOf(other);
    const answer = await post(endpoint, run.telemetryToken, [
      span("intruder", traceId),
      span("welcome", traceOf(run)),
    ]);
    t.match(answer, { status: 200, body: { partialSuccess: { rejectedSpans: /^1$/ } } });
    await spansOf(control, "sender", (spans) => spans.some(({ name }) => name === "welcome"));
    const { body } = await control.request("GET", `${group}/traces/${traceId}`);
    t.notMatch(JSON.stringify(body), "intruder");
  });

  await t.test("what was acknowledged outlives kills, and is there once", async (t) => {
    const acknowledged: string[] = [];
    const send = async (count: number) => {
      for (let sent = 0; sent < count; sent++) {
        const name = `kept-${acknowledged.length}`;
        const status = await post(endpoint, run.telemetryToken, [span(name)]).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status === 200) acknowledged.push(name);
      }
    };
    await send(20);
    process.kill(storeProcess(home), "SIGKILL");
    await send(40);
    control.child.signal("SIGKILL");
    await control.child.exited;
    t.equal(await latency(run), "answered", "requests go on without a control process");
    control = await startControlProcess(t, { home, arguments: ["--file", manifests] });
    // Agents that run know no other address.
    t.equal(
      await waitUntil(() => findOtlpEndpoint(home), { deadlineMs: waitMs, what: "a receiver" }),
      endpoint,
    );
    await send(20);
    t.equal(acknowledged.length, 80);
    const isKept = ({ name }: Span) => name.startsWith("kept-");
    const all = await spansOf(control, "sender", (spans) => spans.filter(isKept).length >= 80);
    t.same(
      all
        .filter(isKept)
        .map(({ name }) => name)
        .sort(),
      acknowledged.sort(),
    );
  });

  await t.test("a store that is away slows no request, and what is lost is counted", (t) =>
    outliveStore(t, { home, gateway, manifests }),
  );
});

interface OutliveOptions {
  readonly home: string;
  readonly gateway: RunningGateway;
  /** Path of what the gateway is told */
  readonly manifests: string;
}

async function outliveStore(t: Test, { home, gateway, manifests }: OutliveOptions): Promise<void> {
  const control = await startControlProcess(t, { home, arguments: ["--file", manifests] });
  const steady = await gateway.registerRun("steady");
  const tunnel = await openSecureTunnel(steady, "echo.test:443");
  t.teardown(() => tunnel.destroy());
  const figures = async () => {
    const { body } = await control.request("GET", CONTROL_STATUS_PATH);
    const { telemetry }: ControlReport = Object(body);
    const { state, store, waiting, dropped } = telemetry;
    const lost = dropped.find(({ reason }) => reason === "rotated-away");
    return {
      ...{ state, restarts: store.restarts },
      ...{ waitingBytes: waiting.bytes, lostBytes: lost?.count ?? 0 },
    };
  };
  const isIdle = async () => {
    const { state, waitingBytes } = await figures();
    return state === "ready" && waitingBytes === 0;
  };
  await waitUntil(isIdle, { deadlineMs: waitMs, what: "a store that has all" });
  const stored = await figures();
  const before = await latencies(tunnel);
  const folder = join(home, "telemetry", "store");
  const away = join(home, "telemetry", "away");
  const stopped = storeProcess(home);
  process.kill(stopped, "SIGSTOP");
  t.teardown(() => tryKill(stopped));
  checkLatencies(t, "is stopped", { before, now: await latencies(tunnel) });
  // From now on a batch is on its way; what comes later is not in it.
  const isHeld = async () => (await figures()).waitingBytes > 0;
  await waitUntil(isHeld, { deadlineMs: waitMs, what: "bytes that wait" });

  // It is started again and again, and its disk refuses it.
  renameSync(folder, away);
  writeFileSync(folder, "");
  process.kill(stopped, "SIGKILL");
  checkLatencies(t, "is killed, its folder taken", { before, now: await latencies(tunnel) });
  const isWaiting = async () => (await figures()).state === "failing";
  await waitUntil(isWaiting, { deadlineMs: waitMs, what: "a status that says so" });

  // What rotation does with the oldest file when nobody stores it.
  const own = (records: readonly EgressRecord[]) =>
    records.filter(({ agent }) => agent?.name === "steady").map(({ id }) => id);
  const file = join(home, "records", "records.jsonl");
  const linesOf = (path: string) => readFileSync(path, "utf8").split("\n").slice(0, -1);
  await waitUntil(
    () => own(linesOf(file).map((line) => JSON.parse(line))).length === 3 * measuredRequests,
    { deadlineMs: waitMs, what: "all records in the file" },
  );
  const position = join(home, "telemetry", "records.position.json");
  const { offsets } = JSON.parse(readFileSync(position, "utf8"));
  const [offset = 0] = Object.values<number>(offsets);
  const hasSeen = async () => (await figures()).waitingBytes === statSync(file).size - offset;
  await waitUntil(hasSeen, { deadlineMs: waitMs, what: "the bytes that wait" });
  const gone = join(home, "gone.jsonl");
  renameSync(file, gone);
  checkLatencies(t, "is away still", { before, now: await latencies(tunnel) });
  rmSync(folder);
  renameSync(away, folder);

  await waitUntil(isIdle, { deadlineMs: waitMs, what: "a store that has what is left" });
  const ids = own(gateway.records);
  t.equal(ids.length, 4 * measuredRequests, "every request has its record");
  const lost = new Set<string>();
  const spans = await spansOf(control, "steady");
  const found = new Set(spans.map(({ attributes }) => attributes["clrk.record.id"]));
  t.equal(found.size, spans.length, "each once");
  for (const id of ids) if (!found.has(id)) lost.add(id);
  const lostLines = linesOf(gone).filter((line) => lost.has(JSON.parse(line).id));
  t.ok(lost.size > 0, "the test is one of losing");
  t.equal(lostLines.length, lost.size, "what is not there was in the file that went");
  const after = await figures();
  t.equal(
    after.lostBytes - stored.lostBytes,
    lostLines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0),
    "and is counted to the byte",
  );
  t.ok(after.restarts > stored.restarts);
  t.equal((await gateway.status()).records.dropped, 0, "the gateway lost nothing");
}

const measuredRequests = 80;

/** Times in ms of requests one after the other, the shortest first; rejects when one is not answered with 200. */
async function latencies(tunnel: TLSSocket): Promise<readonly number[]> {
  const times: number[] = [];
  for (let request = 0; request < measuredRequests; request++) {
    const start = performance.now();
    const { status } = await httpOver(tunnel, { path: "/bytes/2", authority: "echo.test" });
    if (status !== 200) throw new Error(`Cannot measure: request ${request} got ${status}`);
    times.push(performance.now() - start);
  }
  return times.sort((one, two) => one - two);
}

/** Whoever waits for the store waits for seconds; a machine that is busy makes some requests late. */
function checkLatencies(
  t: Test,
  when: string,
  { before, now }: { readonly before: readonly number[]; readonly now: readonly number[] },
): void {
  const [p50, p99] = [0.5, 0.99].map((share) =>
    [before, now].map((all) => quantileOfSorted(all, share)),
  );
  const shown = [p50, p99].map((pair) => pair?.map((ms) => ms.toFixed(1)).join(" → "));
  t.comment(`the store ${when}: p50 ${shown[0]} ms, p99 ${shown[1]} ms`);
  const [[half = 0, halfNow = 0] = [], [most = 0, mostNow = 0] = []] = [p50, p99];
  t.ok(halfNow <= 2 * half + 25, `p50 ${shown[0]} ms`);
  t.ok(mostNow <= 2 * most + 250, `p99 ${shown[1]} ms`);
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it is gone, as it should be
  }
}

/** What an agent with an SDK of OpenTelemetry does, by hand: it reads its variables and sends. */
const agentScript = `
const headers = Object.fromEntries(process.env.OTEL_EXPORTER_OTLP_HEADERS.split(",").map((pair) => {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))];
}));
const attributes = [{ key: "agent.name", value: { stringValue: "somebody-else" } }];
const now = String(Date.now()) + "000000";
const span = { traceId: "c".repeat(32), spanId: "d".repeat(16), name: "claims",
  startTimeUnixNano: now, endTimeUnixNano: now, attributes };
const answer = await fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + "/v1/traces", {
  method: "POST",
  headers: { ...headers, "content-type": "application/json" },
  body: JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] }),
});
const status = (url) => fetch(url).then((answer) => answer.status, () => 0);
const allowed = (await status("https://echo.test/bytes/2")) === 200;
const denied = (await status("https://other.test/bytes/2")) === 403;
console.log(JSON.stringify({ otlp: answer.status, allowed, denied }));
`;

interface Span {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface TracesDocument {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly attributes: readonly KeyValue[];
      }[];
    }[];
  }[];
}

/** The newest spans of an agent of `clrk run`, once they are as wanted. */
function spansOf(
  control: ControlProcess,
  agent: string,
  areWanted: (spans: readonly Span[]) => boolean = () => true,
): Promise<readonly Span[]> {
  const ask = async () => {
    const path = `${group}/processes/${agent}/traces?limit=1000`;
    const { status, body } = await control.request("GET", path);
    if (status !== 200) return undefined;
    const { resourceSpans = [] }: TracesDocument = Object(body);
    const spans = resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap((scope) =>
        scope.spans.map(({ name, attributes }) => ({
          name,
          attributes: valuesOf(attributes),
          resource: valuesOf(resource.attributes),
        })),
      ),
    );
    return areWanted(spans) ? spans : undefined;
  };
  return waitUntil(ask, { deadlineMs: waitMs, what: `spans of ${agent}` });
}

function valuesOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function span(name: string, traceId = randomBytes(16).toString("hex")): object {
  const now = `${Date.now()}000000`;
  const spanId = randomBytes(8).toString("hex");
  return { traceId, spanId, name, startTimeUnixNano: now, endTimeUnixNano: now };
}

async function post(
  endpoint: string,
  token: string,
  spans: readonly object[],
): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await fetch(`${endpoint}/v1/traces`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  });
  return { status: answer.status, body: await answer.json() };
}

/** The user name of the proxy has it: `run-<id>-<trace>-<span>`. */
function traceOf({ proxyUrl }: GatewayRun): string {
  return new URL(proxyUrl).username.split("-").at(-2) ?? "";
}

async function latency(run: GatewayRun): Promise<string> {
  const { status } = await requestThrough(run, "https://echo.test/bytes/2");
  return status === 200 ? "answered" : `status ${status}`;
}

/** The process of the store of this home, by what it was started with. */
function storeProcess(home: string): number {
  const found = readdirSync("/proc").find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8");
      return words.includes("store-main.ts") && words.includes(home);
    } catch {
      return false; // it has ended meanwhile
    }
  });
  if (found === undefined) throw new Error(`Cannot find the store of "${home}"`);
  return Number(found);
}
