/**
 * What happened and what agents send themselves, stored by the control process and read back by its API: an agent
 * writes only as itself, and nothing that was acknowledged is gone after kills of the store and of the process.
 */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { findOtlpEndpoint } from "../../control/telemetry/otlp-address.ts";
import { findStoreObstacle } from "../../control/telemetry/store-rig.ts";
import {
  mintTelemetryToken,
  telemetryTokenKey,
  tryReadTelemetryToken,
} from "../../gateway/telemetry-token.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { startControlProcess } from "../harness/control-process.ts";
import type { ControlProcess } from "../harness/control-process.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest } from "../harness/gateway-manifests.ts";
import { runProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";

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
    const own = await spansOf(control, "worker", (spans) => spans.length >= 3);
    t.same(own.filter(({ name }) => name === "claims").length, 1);
    const [claim] = own.filter(({ name }) => name === "claims");
    t.same(claim?.attributes["agent.name"], "worker");
    t.notMatch(JSON.stringify(claim), "somebody-else");
    const statuses = own.map(({ attributes }) => String(attributes["http.response.status_code"]));
    t.ok(statuses.includes("403"), statuses.join());
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
});

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
