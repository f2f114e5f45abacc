import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { GatewayProcessStatus } from "./control-api.ts";
import type { MetricsSource } from "./gateway-metrics.ts";
import { gatewayMetrics, metricsHandlers } from "./gateway-metrics.ts";
import { encodeMetrics } from "./metrics-text.ts";
import { readOpenMetrics } from "./testdata/open-metrics.ts";
import { processStatus } from "./testdata/process-status.ts";
import { TrafficMetrics } from "./traffic-metrics.ts";

const dropped = {
  queueFull: 3,
  spoolFull: 0,
  brokenOff: 0,
  rejected: 0,
  givenUp: 0,
  closed: 0,
  notEncodable: 0,
};

function sourceOf(status: Partial<GatewayProcessStatus> = {}): MetricsSource {
  return {
    status: processStatus(status),
    traffic: new TrafficMetrics(),
    runtimes: [{ liveSeconds: 12.5, rejections: 2 }],
    engine: {
      threads: [
        {
          serving: true,
          busySeconds: 1,
          idleSeconds: 2,
          silentSeconds: 0.1,
          openStreams: 4,
          totalStreams: 9,
        },
      ],
      handling: { bounds: [0.1], counts: [3, 1], sum: 0.7 },
    },
    outputs: {
      files: [{ name: "records", written: 5, bytes: 500, dropped: 1, buffered: 0 }],
      receivers: [
        {
          name: "OTLP of default/egress",
          signal: "logs",
          queued: 7,
          spooled: 2,
          sent: 8,
          retries: 1,
          failing: true,
          dropped,
        },
      ],
    },
  };
}

t.test("gatewayMetrics() is read by a strict reader, with the figures of each part", async (t) => {
  const minted = {
    secret: "default/x",
    type: "OAuth2",
    endpoint: "h",
    ready: false,
    minted: 2,
    failures: 3,
  };
  const text = encodeMetrics(
    gatewayMetrics(sourceOf({ mintedCredentials: [minted] })),
    "openmetrics",
  );
  const families = readOpenMetrics(text);
  const first = (name: string) => families.get(name)?.samples[0]?.value;
  t.equal(first("clrk_xds_rejections"), 2);
  t.equal(first("clrk_xds_live_age_seconds"), 12.5);
  t.equal(first("clrk_certificates_cache_hits"), 9);
  t.equal(first("clrk_engine_thread_open_streams"), 4);
  t.equal(first("clrk_export_queue"), 7);
  t.match(families.get("clrk_export_dropped")?.samples[0]?.labels.get("reason"), "queue_full");
  t.equal(first("clrk_credential_ready"), 0);
  t.equal(first("clrk_budget_refusals"), undefined, "there is no engine status");
  t.equal(families.get("clrk_build")?.samples[0]?.labels.get("envoy"), "1.40.0");
});

t.test("metricsHandlers() asks for everything anew", async (t) => {
  const { traffic, engine, outputs } = sourceOf();
  const handlers = metricsHandlers({
    status: () => processStatus(),
    traffic,
    fleet: { runtimes: [{ figures: { liveSeconds: 1, rejections: 0 } }] },
    engine: { figures: () => engine },
    records: { figures: () => outputs },
  });
  t.equal(handlers.families().length, gatewayMetrics(sourceOf()).length);
  t.strictSame(handlers.readiness(), { ready: true, missing: [] });
});

t.test("docs/operations.md lists every metric as it is", async (t) => {
  const page = readFileSync(join(import.meta.dirname, "../docs/operations.md"), "utf8");
  const [section = ""] = page.split("## Metrics of the control process");
  const listed = [...section.matchAll(/^\| `([a-z_]+)` \| ([a-z]+) \| (.*) \|$/gm)].map(
    ([, name, kind, help]) => [name, kind, help],
  );
  const told = gatewayMetrics(sourceOf()).map(({ name, kind, help }) => [name, kind, help]);
  t.strictSame(listed, told);
});
