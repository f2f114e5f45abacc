/**
 * `clrk logs` and `clrk traces` through everything that is real: a gateway, its records, the store, the read API; also
 * while the control process is killed and started again.
 */
import { join } from "node:path";
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { startControlProcess } from "../harness/control-process.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest } from "../harness/gateway-manifests.ts";
import { runProcess, startProcess, waitUntil } from "../harness/processes.ts";
import { openTerminal, whyNoTerminal } from "../harness/terminal.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const main = join(import.meta.dirname, "../../control/cli/main.ts");
const words = ["--disable-warning=ExperimentalWarning", main];
const upstreams = await startUpstreams(t, { tlsHosts: ["one.test"] });
const control = await startControlProcess(t);
const { home } = control;
const gateway = await startGateway(t, {
  home,
  manifests: {
    "gateway.yaml": gatewayManifest({ ...upstreams }),
    "routes.yaml": allowHosts("one", ["one.test"]),
  },
});
const run = await gateway.registerRun("teller");
const { PATH = "" } = process.env;
const environment = { PATH, HOME: home, CLRK_HOME: home };

function clrk(...line: readonly string[]) {
  const options = { command: process.execPath, arguments: [...words, ...line], environment };
  return runProcess(options, 30_000);
}

/** The store starts after the API server listens, and takes records in as they are written. */
async function until(line: readonly string[], fits: (output: string) => boolean): Promise<string> {
  let last = "";
  const check = async () => {
    const { stdout, stderr } = await clrk(...line);
    last = stdout + stderr;
    return fits(stdout) ? stdout : undefined;
  };
  const settings = { deadlineMs: 60_000, what: `clrk ${line.join(" ")}`, intervalMs: 200 };
  return await waitUntil(check, settings).catch((cause: unknown) => {
    throw new Error(`Cannot see what was asked for: ${last}`, { cause });
  });
}

const probe = await clrk("traces", "process/teller");
const skip = /chdb/.test(probe.stderr) && "there is no embedded store";
const options = { skip, timeout: 180_000 };

const namesOf = (output: string): string[] =>
  output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans[0])
    .flatMap(({ attributes }) => attributes)
    .filter(({ key }) => key === "url.path")
    .map(({ value }) => value.stringValue);

t.test(
  "requests of an agent are its logs and its spans, with what was denied",
  options,
  async (t) => {
    t.equal((await requestThrough(run, "https://one.test/bytes/2")).status, 200);
    t.equal((await requestThrough(run, "https://two.test/secret")).status, 403);
    const raw = await until(["traces", "teller"], (seen) => namesOf(seen).length === 2);
    t.strictSame(namesOf(raw), ["/bytes/2", "/secret"]);
    const logs = await until(["logs", "process/teller"], (seen) => seen.split("\n").length === 3);
    t.match(logs, /egress {2}GET one\.test\S*\/bytes\/2 200 /);
    t.match(logs, /egress {2}GET two\.test\S*\/secret 403 /);
    const other = await clrk("logs", "process/another");
    t.equal(other.stdout, "", "nobody else has them");
    t.match(other.stderr, /^No logs of Process default\/another/m);
  },
);

t.test("status says what is kept, and what is wrong", options, async (t) => {
  const { stdout } = await clrk("status", "-o", "json");
  const { control: found } = JSON.parse(stdout);
  t.match(found, {
    answers: true,
    process: { pid: control.child.pid, restarts: 0 },
    invocations: { state: "open", problem: null },
    telemetry: {
      ...{ state: "ready", problem: null, dropped: [] },
      store: { kind: "embedded", place: join(home, "telemetry"), memoryCapBytes: 600 * 1024 ** 2 },
      otlp: { address: /^127\.0\.0\.1:\d+$/ },
    },
  });
  t.ok(found.telemetry.store.rows >= 2);
  t.ok(Date.parse(found.telemetry.store.oldest) <= Date.now());
  const lines = (await clrk("status")).stdout;
  t.match(lines, /\nTelemetry {2}ready, \d+ rows, oldest .* ago, .* of 5 GiB on disk\n/);
  t.match(lines, `OTLP at http://${found.telemetry.otlp.address}`);
  process.kill(found.telemetry.store.pid, "SIGSTOP");
  try {
    for (let at = 0; at < 3; at++) await requestThrough(run, `https://one.test/bytes/${at + 100}`);
    const waiting = await until(["status"], (seen) => /records wait to be stored/.test(seen));
    t.match(waiting, /\n {11}3 records wait to be stored/);
  } finally {
    process.kill(found.telemetry.store.pid, "SIGCONT");
  }
  await until(["status"], (seen) => !/records wait/.test(seen));
});

t.test(
  "a person sees the same on a terminal",
  { ...options, skip: skip || (whyNoTerminal() ?? false) },
  async (t) => {
    const command = [process.execPath, ...words, "traces", "teller"].join(" ");
    const terminal = await openTerminal(t, { command, environment });
    const seen = await terminal.see(/5 spans, \d+ traces? · not following/);
    t.match(seen, /net ✔ .*GET one\.test +200/);
    t.match(seen, /net ✘ .*GET two\.test +403 .*denied: default-policy/);
    await terminal.press("q");
  },
);

t.test("a command that is over has its root, with how it ended", options, async (t) => {
  t.equal((await clrk("run", "--agent", "brief", "--", "sh", "-c", "exit 3")).exitCode, 3);
  const raw = await until(["traces", "process/brief"], (seen) => seen !== "");
  const [span] = JSON.parse(raw).resourceSpans[0].scopeSpans[0].spans;
  t.match(span, {
    name: "invocation",
    parentSpanId: undefined,
    status: { code: 2, message: "The command ended with exit code 3" },
  });
  const attributes = new Map(
    span.attributes.map(({ key, value }: { key: string; value: object }) => [key, value]),
  );
  t.same(attributes.get("process.exit.code"), { intValue: "3" });
  t.equal((await clrk("logs", "process/brief")).stdout, "", "it is no request");
});

t.test("following misses nothing over a kill of the control process", options, async (t) => {
  const follower = startProcess(t, {
    command: process.execPath,
    arguments: [...words, "traces", "teller", "-f", "--limit", "1"],
    environment,
  });
  await waitUntil(async () => (namesOf(follower.stdout).length === 1 ? true : undefined), {
    deadlineMs: 30_000,
    what: "the newest span",
  });
  const paths = Array.from({ length: 30 }, (_, index) => `/bytes/${index + 10}`);
  for (const path of paths.slice(0, 10)) await requestThrough(run, `https://one.test${path}`);
  control.child.signal("SIGKILL");
  for (const path of paths.slice(10, 20)) await requestThrough(run, `https://one.test${path}`);
  await control.child.exited;
  await startControlProcess(t, { home });
  for (const path of paths.slice(20)) await requestThrough(run, `https://one.test${path}`);
  await waitUntil(async () => (namesOf(follower.stdout).length > 30 ? true : undefined), {
    deadlineMs: 90_000,
    what: "all spans",
  }).catch((cause: unknown) => {
    throw new Error(`Cannot see all: ${namesOf(follower.stdout).join(" ")} ${follower.stderr}`, {
      cause,
    });
  });
  t.strictSame(namesOf(follower.stdout).slice(1), paths);
  follower.signal("SIGINT");
  t.equal((await follower.exited).exitCode, 0);
});
