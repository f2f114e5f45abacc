/** Tests of metrics of the control process: what they say, in which form, and that the page of the documents has them all. */
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import t from "tap";
import { encodeMetrics } from "../gateway/metrics-text.ts";
import type { ApiFigures } from "./apiserver/api-context.ts";
import { controlMetrics, metricsPage } from "./control-metrics.ts";
import type { ControlReport } from "./process-report.ts";
import { controlReport } from "./testdata/control-report.ts";

const figures: ApiFigures = {
  watches: { running: 3, ended: { closed: 5, timeout: 4, slow: 1, expired: 0 } },
  requests: { list: () => [{ method: "GET", code: 200, count: 7 }] },
  objects: () => [{ resource: "backends.clrk.apoxy.dev", count: 2 }],
};

/** Values of each family by its labels, written `a=b,c=d`. */
function valuesOf(report: ControlReport): Record<string, Record<string, number>> {
  const families = controlMetrics(report, figures).map((family) => {
    if (family.kind === "histogram") throw new TypeError(`${family.name} is a histogram`);
    const values = family.samples.map(({ labels, value }) => {
      const words = labels.map(([label, of]) => `${label}=${of}`);
      return [words.join(), value];
    });
    return [family.name, Object.fromEntries(values)];
  });
  return Object.fromEntries(families);
}

t.test("names are what OpenMetrics wants, each once", (t) => {
  const families = controlMetrics(controlReport(), figures);
  t.equal(new Set(families.map(({ name }) => name)).size, families.length);
  for (const { name, unit } of families) {
    t.match(name, /^[a-z][a-z_]*$/);
    t.notMatch(name, /_(?:total|info|count|sum|bucket)$/);
    if (unit !== undefined) t.ok(name.endsWith(`_${unit}`), name);
  }
  t.end();
});

t.test("controlMetrics() tells what the report and the server say", (t) => {
  const report = controlReport({
    state: "failing",
    dropped: [
      { reason: "malformed", count: 3, unit: "lines" },
      { reason: "forward-full", count: 9, unit: "items" },
      { reason: "otlp-refused-429", count: 4, unit: "requests" },
    ],
    otlp: { address: "127.0.0.1:4318", takenRows: 70 },
    forwarded: {
      sent: 60,
      waiting: 6,
      unkept: 2,
      failing: 1,
      problem: "OTLP of default/one: HTTP 503",
    },
  });
  const { process: facts } = report;
  t.match(valuesOf(report), {
    clrk_api_requests: { "method=GET,code=200": 7 },
    clrk_api_watches: { "": 3 },
    clrk_api_watches_ended: { "reason=closed": 5, "reason=slow": 1 },
    clrk_api_objects: { "resource=backends.clrk.apoxy.dev": 2 },
    clrk_telemetry_state: { "state=failing": 1, "state=ready": 0, "state=off": 0 },
    clrk_telemetry_dropped: {
      "reason=malformed,unit=lines": 3,
      "reason=forward-full,unit=items": 9,
      "reason=set-aside,unit=rows": 0,
      "reason=otlp-refused-429,unit=requests": 4,
    },
    clrk_agent_telemetry_rows: { "": 70 },
    clrk_forward_sent: { "": 60 },
    clrk_forward_waiting: { "": 6 },
    clrk_forward_unkept: { "": 2 },
    clrk_forward_failing: { "": 1 },
    clrk_control_restarts: { "": facts.restarts },
    clrk_store_disk_limit_bytes: { "": report.telemetry.store.maxBytes },
    process_start_time_seconds: { "": Date.parse(facts.startedAt) / 1_000 },
  });
  const text = encodeMetrics(controlMetrics(report, figures), "openmetrics");
  t.notMatch(text, /4318|default\/one|503/, "no address, no name, no word of the system");
  t.end();
});

t.test("what is not known has no sample, and is not 0", (t) => {
  const { store } = controlReport().telemetry;
  const unknown = { memoryBytes: null, memoryCapBytes: null, rows: null, diskBytes: null };
  const values = valuesOf(
    controlReport({ otlp: null, forwarded: null, store: { ...store, ...unknown } }),
  );
  for (const name of [
    "clrk_store_resident_memory_bytes",
    "clrk_store_memory_limit_bytes",
    "clrk_store_rows",
    "clrk_store_disk_bytes",
    "clrk_agent_telemetry_rows",
    "clrk_forward_sent",
  ]) {
    t.same(values[name], {}, name);
  }
  t.end();
});

t.test("invocations are ready when they are open and nothing is wrong", (t) => {
  const report = controlReport();
  const readyWith = (invocations: Partial<ControlReport["invocations"]>) =>
    valuesOf({ ...report, invocations: { ...report.invocations, ...invocations } })[
      "clrk_invocations_ready"
    ];
  t.same(readyWith({ state: "open", problem: null }), { "": 1 });
  t.same(readyWith({ state: "open", problem: "The disk is full" }), { "": 0 });
  t.same(readyWith({ state: "opening", problem: null }), { "": 0 });
  t.end();
});

t.test("metricsPage() answers in the form that is asked for", async (t) => {
  const page = metricsPage(async () => controlReport());
  t.equal(page.path, "/metrics");
  const ask = (accept?: string) => page.answer({ headers: { accept } } as IncomingMessage, figures);
  t.match(await ask("application/openmetrics-text"), {
    ...{ status: 200, contentType: /^application\/openmetrics-text/, body: /# EOF\n$/ },
  });
  t.match(await ask(), { contentType: /^text\/plain/, body: /^clrk_api_watches 3$/m });
});

t.test("docs/operations.md lists every metric as it is", (t) => {
  const page = readFileSync(join(import.meta.dirname, "../docs/operations.md"), "utf8");
  const [, section = ""] = page.split("## Metrics of the control process");
  const listed = [...section.matchAll(/^\| `([a-z_]+)` \| ([a-z]+) \| (.*) \|$/gm)].map(
    ([, name, kind, help]) => [name, kind, help],
  );
  const told = controlMetrics(controlReport(), figures).map(({ name, kind, help }) => [
    ...[name, kind, help],
  ]);
  t.strictSame(listed, told);
  t.end();
});
