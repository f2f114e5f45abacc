/** `clrk dev` on a terminal, as a person uses it: real traffic, keys, a mistake in a manifest, and the end. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import type { RunRegistration } from "../../gateway/control-api.ts";
import { readOpenMetrics } from "../../gateway/testdata/open-metrics.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { basicAuthorization } from "../harness/connect-proxy-client.ts";
import { findStoreObstacle } from "../../control/telemetry/store-rig.ts";
import { askControl } from "../harness/control-client.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { openTerminal, whyNoTerminal } from "../harness/terminal.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const skip = whyNoTerminal() ?? false;
const hasStore = findStoreObstacle() === undefined;
const program = join(import.meta.dirname, "../../control/cli/main.ts");
const upstreams = await startUpstreams(t, { tlsHosts: ["allowed.test"] });
const goodRoute = allowHosts("allowed", ["allowed.test"]);
const manifests = {
  "gateway.yaml": gatewayManifest(upstreams),
  "routes.yaml": [
    objectManifest("AIProviderRoute", "openai", {
      rules: [{ matches: [{ provider: "openai", endpoints: ["/v1/chat/*"] }] }],
    }),
    headerCredential({
      secret: "openai",
      route: { kind: "AIProviderRoute", name: "openai" },
      headerName: "Authorization",
      valuePrefix: "Bearer ",
    }),
  ].join(""),
  "allowed.yaml": goodRoute,
};

async function startDev(t: Test, options: { readonly env?: string; readonly flags?: string } = {}) {
  const root = temporaryDirectory(t);
  const home = join(root, "h");
  const policy = join(root, "policy");
  mkdirSync(policy);
  for (const [name, text] of Object.entries(manifests)) writeFileSync(join(policy, name), text);
  const { PATH = "", CLRK_ENVOY = "", NODE_COMPILE_CACHE = "" } = process.env;
  const { env = "", flags = "" } = options;
  const terminal = await openTerminal(t, {
    command: `echo before; ${env} ${process.execPath} --disable-warning=ExperimentalWarning ${program} dev -f policy --secret openai=KEY ${flags}; echo "code $?"`,
    environment: {
      ...{ PATH, CLRK_HOME: home, HOME: root, KEY: openAiKey, NODE_COMPILE_CACHE },
      ...(CLRK_ENVOY !== "" && { CLRK_ENVOY }),
    },
    workingDirectory: root,
    columns: 110,
    rows: 32,
  });
  const socketOf = () => {
    const [pid = ""] = readdirSync(join(home, "run"));
    return join(home, "run", pid, "control.sock");
  };
  const register = async (agent: string) => {
    const body = { agent, command: "test" };
    const { value } = await waitUntil(
      async () => {
        const answer = await askControl(socketOf(), `POST ${CONTROL_PATH.runs}`, body);
        return answer.status === 201 ? answer : undefined;
      },
      { deadlineMs: 10_000, what: "a gateway that takes runs" },
    );
    const run = value as RunRegistration; // the interface's own type for this path
    await askControl(socketOf(), `POST ${CONTROL_PATH.runs}/${run.runId}/process`, {
      pid: process.pid,
    });
    const url = new URL(run.proxyUrl);
    return {
      proxy: { address: url.hostname, port: Number(url.port) },
      authorization: basicAuthorization(url.username, url.password),
      ca: readFileSync(run.trust.bundle, "utf8"),
    };
  };
  return { terminal, home, policy, register, socketOf };
}

type Access = Awaited<ReturnType<Awaited<ReturnType<typeof startDev>>["register"]>>;

const chat = (run: Access) =>
  requestThrough(run, "https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer placeholder" },
    body: JSON.stringify({ model: "gpt-4.1", messages: [{ role: "user", content: "Hello" }] }),
  });

t.test("a person sees what agents do, and looks at one of them", { skip }, async (t) => {
  const { terminal, register } = await startDev(t);
  await terminal.see(/No requests yet[\s\S]*clrk run/, 30_000);
  const head = await terminal.see(/revision \d+ live .*Envoy up · engine 1\/1/);
  t.match(head, /^CLRK default\/egress 127\.0\.0\.1:\d+/m);
  t.match(head, /engine 1\/1 · control up/);
  t.match(head, /kubectl --kubeconfig \S+ get clrk/);
  const researcher = await register("researcher");
  const coder = await register("coder");
  for (let call = 0; call < 3; call++) t.equal((await chat(researcher)).status, 200);
  t.equal((await requestThrough(coder, "https://elsewhere.test/x")).status, 403);
  const seen = await terminal.see(/4 requests[\s\S]*researcher +running +3/);
  t.match(seen, /^4 requests · 4\/min · 1 denied · .* tok · \$0\.\d+/m);
  t.match(seen, /coder +running +1 +1 +1/);
  t.match(seen, /researcher {2}✔ POST api\.openai\.com\/v1\/chat\/completions.*200.*tok {2}/);
  t.match(seen, /coder {2}✘ GET {2}elsewhere\.test\/x .*denied: No route/i);

  await terminal.press("d");
  const denials = await terminal.see(/only denials/);
  t.notMatch(denials, /✔/);
  t.match(denials, /✘ GET {2}elsewhere/);
  await terminal.press("d");
  await terminal.see(/✔/);

  await terminal.press("Tab");
  await terminal.see(/^› researcher/m);
  await terminal.press("Enter");
  const detail = await terminal.see(/^Agent researcher/m);
  t.match(detail, /3 requests · 0 denied · 0 failed .* p50 .* p95/);
  t.match(detail, /Models\n +gpt-4\.1.* 3 requests, \d+ tok/);
  t.match(detail, /Hosts\n +api\.openai\.com +3 requests/);
  t.notMatch(detail, /elsewhere/, "requests of another agent are not its own");
  await terminal.press("Tab");
  t.match(await terminal.see(/^Agent coder/m), /Denials\n +default-policy/);
  await terminal.press("Escape");
  await terminal.see(/^› coder/m);
  await terminal.press("?");
  await terminal.see(/^Keys/m);
  await terminal.press("?");
  await terminal.press("c");
  await terminal.seeNo(/✔|✘/);
  await terminal.see(/4 requests/);

  await terminal.resize(80, 16);
  const small = await terminal.see(/^CLRK[^\n]*\n(?:[^\n]*\n){13,14}[^\n]*q quit/);
  t.ok(
    small.split("\n").every((line) => [...line].length <= 80),
    "no line is broken in two",
  );

  await terminal.press("q");
  const end = await terminal.see(/^code 0/m, 5_000);
  t.match(end, /before[\s\S]*Stopping …\nStopped/);
  t.strictSame(await terminal.modes(), { alternate: false, cursor: true });
});

t.test("a mistake stays on the screen until it is mended", { skip }, async (t) => {
  const { terminal, policy, register, home } = await startDev(t);
  await terminal.see(/No requests yet/, 30_000);
  if (hasStore) {
    await terminal.see(
      /^OTLP http:\/\/127\.0\.0\.1:\d+ · 0 kept .*memory \d+ MiB of 600 MiB/m,
      30_000,
    );
  }
  const bad = goodRoute.replace("hostnames", "hostnamez");
  t.not(bad, goodRoute);
  writeFileSync(join(policy, "allowed.yaml"), bad);
  const seen = await terminal.see(/policy\/allowed\.yaml:\d+: .*hostnamez/);
  t.match(seen, /Still serving revision \d+/);
  const run = await register("agent-1");
  t.equal((await chat(run)).status, 200, "the last good rules");
  t.match(await terminal.see(/agent-1 {2}✔/), /policy\/allowed\.yaml:\d+:/, "it is still there");
  writeFileSync(join(policy, "allowed.yaml"), goodRoute);
  await terminal.seeNo(/Still serving|^policy\/allowed\.yaml:\d+/m);

  const control = Number.parseInt(readFileSync(join(home, "control", "lock"), "utf8"), 10);
  process.kill(control, "SIGKILL");
  await terminal.see(/control (?:down|up), 1 restart/, 10_000);
  t.equal((await chat(run)).status, 200, "traffic goes on");
  await terminal.see(/control up, 1 restart/, 30_000);
  const started = performance.now();
  await terminal.press("C-c");
  await terminal.see(/^code 0/m, 5_000);
  t.ok(performance.now() - started < 4_500, "within two seconds, and some for looking");
});

t.test(
  "colours are left out where nobody wants them, and SIGTERM gives the terminal back",
  { skip },
  async (t) => {
    const { terminal, home } = await startDev(t, { env: "NO_COLOR=1" });
    await terminal.see(/No requests yet/, 30_000);
    const colours = await terminal.look({ colours: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences are what is looked for
    t.notMatch(colours, /\u001b\[(?:3\d|1|2)m/);
    const [gateway = ""] = readdirSync(join(home, "run"));
    const dev = Number(
      /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${gateway}/status`, "utf8"))?.[1],
    );
    process.kill(dev, "SIGTERM");
    await terminal.see(/Stopped\ncode 0/, 5_000);
    t.strictSame(await terminal.modes(), { alternate: false, cursor: true });
  },
);

t.test("--plain prints lines, with metrics where they are wanted", { skip }, async (t) => {
  const { terminal, register, socketOf } = await startDev(t, { flags: "--plain --metrics 0" });
  const seen = await terminal.see(
    /Metrics +http:\/\/127\.0\.0\.1:\d+\/metrics[\s\S]*Use it/,
    30_000,
  );
  t.strictSame((await terminal.modes()).alternate, false);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(seen)?.[0] ?? "";
  await waitUntil(async () => (await fetch(`${url}/readyz`)).status === 200, {
    deadlineMs: 10_000,
    what: "a gateway that is ready",
  });
  const run = await register("agent-1");
  for (let call = 0; call < 5; call++) await chat(run);
  await requestThrough(run, "https://elsewhere.test/x");
  await terminal.see(/agent-1 {2}✘/);
  const scrape = async () => {
    const headers = { accept: "application/openmetrics-text; version=1.0.0" };
    return readOpenMetrics(await (await fetch(`${url}/metrics`, { headers })).text());
  };
  const value = (families: Awaited<ReturnType<typeof scrape>>, name: string, want: object = {}) =>
    families
      .get(name)
      ?.samples.filter(({ labels, name: own }) =>
        own.endsWith("_bucket")
          ? false
          : Object.entries(want).every(([key, text]) => labels.get(key) === text),
      )
      .reduce((sum, one) => sum + one.value, 0);
  const families = await waitUntil(
    async () => {
      const now = await scrape();
      return value(now, "clrk_requests") === 6 ? now : undefined;
    },
    { deadlineMs: 20_000, what: "six requests in the metrics" },
  );
  t.equal(value(families, "clrk_requests", { verdict: "deny", reason: "default-policy" }), 1);
  t.equal(value(families, "clrk_agent_requests", { agent: "Process/default/agent-1" }), 6);
  t.equal(value(families, "clrk_route_requests", { route: "AIProviderRoute/default/openai" }), 5);
  t.equal(value(families, "clrk_responses", { class: "2xx" }), 5);
  t.equal(value(families, "clrk_gateway_ready"), 1);
  t.equal(value(families, "clrk_engine_thread_serving"), 1);
  t.equal(value(families, "clrk_engine_streams"), 5);
  t.ok(Number(value(families, "clrk_model_tokens", { type: "input" })) > 0);
  t.ok(Number(value(families, "clrk_model_cost_dollars")) > 0);
  t.ok(Number(value(families, "process_open_fds")) > 0);
  const handling = families.get("clrk_engine_handling_seconds")?.samples ?? [];
  t.ok(handling.some(({ name, value: count }) => name.endsWith("_count") && count >= 10));
  const text = JSON.stringify([...families]);
  t.notMatch(text, openAiKey);
  const own = await askControl(socketOf(), `GET ${CONTROL_PATH.ready}`);
  t.strictSame(own.value, { ready: true, missing: [] });
  await terminal.press("C-c");
  await terminal.see(/^code 0/m, 5_000);
});
