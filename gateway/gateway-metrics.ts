/**
 * The state of a gateway process as families of metrics, put together when a collector asks. Labels are names of
 * objects, words of ours and numbers of threads: their number is bounded by the manifests.
 */
import type { GatewayProcessStatus } from "./control-api.ts";
import type { EngineFigures } from "./engine.ts";
import type { RuntimeFigures } from "./gateway-runtime.ts";
import type { MetricsHandlers } from "./metrics-server.ts";
import { readinessOf } from "./readiness.ts";
import { engineFamilies } from "./metrics/engine-families.ts";
import type { MetricFamily, MetricLabels } from "./metric-family.ts";
import { processFamilies } from "./process-families.ts";
import { counter, gauge, one, samplesOf } from "./metric-samples.ts";
import type { OutputFigures } from "./record-outputs.ts";
import type { TrafficMetrics } from "./traffic-metrics.ts";

/** What there is to tell of. */
export interface MetricsSource {
  readonly status: GatewayProcessStatus;
  readonly traffic: TrafficMetrics;
  /** Of each gateway, in the order of `status.gateways` */
  readonly runtimes: readonly RuntimeFigures[];
  /** Undefined while no route needs the engine */
  readonly engine: EngineFigures | undefined;
  readonly outputs: OutputFigures;
}

/** What a process has that metrics are made of. */
export interface MetricsParts {
  readonly status: () => GatewayProcessStatus;
  readonly traffic: TrafficMetrics;
  readonly fleet: { readonly runtimes: readonly { readonly figures: RuntimeFigures }[] };
  readonly engine: { figures(): EngineFigures | undefined };
  readonly records: { figures(): OutputFigures };
}

/** Answers for whoever asks a process for its metrics and health. */
export function metricsHandlers(parts: MetricsParts): MetricsHandlers {
  const { status, traffic, fleet, engine, records } = parts;
  return {
    families: () =>
      gatewayMetrics({
        status: status(),
        traffic,
        runtimes: fleet.runtimes.map(({ figures }) => figures),
        engine: engine.figures(),
        outputs: records.figures(),
      }),
    readiness: () => readinessOf(status()),
  };
}

/** All families: those of traffic, of the gateways, the engine, the records, the credentials and the process. */
export function gatewayMetrics(source: MetricsSource): MetricFamily[] {
  const { status, traffic, engine } = source;
  return [
    ...traffic.families(),
    ...gatewayFamilies(source),
    ...engineFamilies(status, engine),
    ...recordFamilies(source),
    ...credentialFamilies(status),
    ...processFamilies({
      version: status.version,
      envoyVersion: status.envoy.version,
      startedMs: Date.parse(status.startedAt),
    }),
  ];
}

function gatewayFamilies({ status, runtimes }: MetricsSource): MetricFamily[] {
  const gateways = status.gateways.map((gateway, index) => {
    const labels: MetricLabels = [["gateway", `${gateway.namespace}/${gateway.name}`]];
    return { gateway, figures: runtimes[index], labels };
  });
  const of = (numberOf: (entry: (typeof gateways)[number]) => number) =>
    samplesOf(gateways, ({ labels }) => labels, numberOf);
  return [
    gauge(
      "clrk_gateway_ready",
      "Whether Envoy serves a revision of the gateway: 1 or 0.",
      of(({ gateway }) => Number(gateway.ready)),
    ),
    gauge(
      "clrk_config_revision",
      "Revision that was compiled last from objects without problems.",
      one(status.revision),
    ),
    gauge(
      "clrk_config_problems",
      "Problems for which the newest files are not served; the last good revision is.",
      one(status.problems.length),
    ),
    gauge(
      "clrk_xds_live_revision",
      "Revision that Envoy confirmed last.",
      of(({ gateway }) => gateway.liveRevision),
    ),
    gauge(
      "clrk_xds_live_age_seconds",
      "Time since Envoy confirmed its revision.",
      of(({ figures }) => figures?.liveSeconds ?? 0),
      "seconds",
    ),
    counter(
      "clrk_xds_rejections",
      "Configurations that Envoy rejected; it keeps the one before.",
      of(({ figures }) => figures?.rejections ?? 0),
    ),
    counter(
      "clrk_envoy_restarts",
      "Starts of Envoy after its first.",
      of(({ gateway }) => gateway.envoy.restarts),
    ),
    gauge(
      "clrk_envoy_up",
      "Whether the Envoy process runs: 1 or 0.",
      of(({ gateway }) => Number(gateway.envoy.pid !== undefined)),
    ),
    counter(
      "clrk_certificates_minted",
      "Leaf certificates that were signed, renewals included.",
      of(({ gateway }) => gateway.certificates.minted),
    ),
    counter(
      "clrk_certificates_refused",
      "Handshakes for which there was no certificate.",
      of(({ gateway }) => gateway.certificates.refused),
    ),
    counter(
      "clrk_certificates_cache_hits",
      "Handshakes whose certificate was there already.",
      of(({ gateway }) => gateway.certificates.hits ?? 0),
    ),
    gauge(
      "clrk_certificates_cached",
      "Names whose certificate is held.",
      of(({ gateway }) => gateway.certificates.live),
    ),
    gauge("clrk_runs", "Commands of clrk run that are registered now.", one(status.runs.length)),
  ];
}

function recordFamilies({ status, outputs }: MetricsSource): MetricFamily[] {
  const { files, receivers } = outputs;
  const fileLabels = ({ name }: (typeof files)[number]): MetricLabels => [["file", name]];
  const receiverLabels = ({ name, signal }: (typeof receivers)[number]): MetricLabels => [
    ["receiver", name],
    ["signal", signal],
  ];
  const drops = receivers.flatMap((receiver) =>
    Object.entries(receiver.dropped).map(([reason, count]) => ({
      labels: [...receiverLabels(receiver), ["reason", snakeCase(reason)] as const],
      value: count,
    })),
  );
  return [
    counter(
      "clrk_records",
      "Records of transactions that were made.",
      one(status.records.published),
    ),
    counter(
      "clrk_records_dropped",
      "Records that reached not all places they were for, or that were never made.",
      one(status.records.dropped),
    ),
    counter(
      "clrk_records_incomplete",
      "Records without what the engine knew: model, tokens, captures.",
      one(status.records.incomplete),
    ),
    counter(
      "clrk_record_file_written",
      "Lines written to each file of records.",
      samplesOf(files, fileLabels, ({ written }) => written),
    ),
    counter(
      "clrk_record_file_bytes",
      "Bytes written to each file of records.",
      samplesOf(files, fileLabels, ({ bytes }) => bytes),
      "bytes",
    ),
    counter(
      "clrk_record_file_dropped",
      "Lines that a file of records lost: its disk is full, or slower than traffic.",
      samplesOf(files, fileLabels, ({ dropped }) => dropped),
    ),
    gauge(
      "clrk_record_file_buffered_bytes",
      "Bytes that wait to be written.",
      samplesOf(files, fileLabels, ({ buffered }) => buffered),
      "bytes",
    ),
    gauge(
      "clrk_export_queue",
      "Records that wait for an OTLP receiver, by signal (traces, logs).",
      samplesOf(receivers, receiverLabels, ({ queued }) => queued),
    ),
    gauge(
      "clrk_export_spooled",
      "Records that wait on disk for an OTLP receiver.",
      samplesOf(receivers, receiverLabels, ({ spooled }) => spooled),
    ),
    counter(
      "clrk_export_sent",
      "Records that an OTLP receiver took.",
      samplesOf(receivers, receiverLabels, ({ sent }) => sent),
    ),
    counter(
      "clrk_export_retries",
      "Batches that were sent again.",
      samplesOf(receivers, receiverLabels, ({ retries }) => retries),
    ),
    gauge(
      "clrk_export_failing",
      "Whether the last attempt to send failed: 1 or 0.",
      samplesOf(receivers, receiverLabels, ({ failing }) => Number(failing)),
    ),
    counter("clrk_export_dropped", "Records that an OTLP receiver did not get, by reason.", drops),
  ];
}

function credentialFamilies(status: GatewayProcessStatus): MetricFamily[] {
  const minted = status.mintedCredentials ?? [];
  const labels = ({ secret, type }: (typeof minted)[number]): MetricLabels => [
    ["secret", secret],
    ["type", type],
  ];
  const missing = status.secrets.filter(({ state }) => state === "missing").length;
  return [
    counter(
      "clrk_credentials_minted",
      "Tokens that were fetched, by the Secret that they are minted by.",
      samplesOf(minted, labels, ({ minted: count }) => count),
    ),
    gauge(
      "clrk_credential_ready",
      "Whether there is a token that is valid now: 1 or 0; without one requests are refused.",
      samplesOf(minted, labels, ({ ready }) => Number(ready)),
    ),
    gauge(
      "clrk_credential_failures",
      "Attempts to fetch a token that failed since the last that did not.",
      samplesOf(minted, labels, ({ failures }) => failures),
    ),
    gauge(
      "clrk_secret_sources",
      "Secrets from files, folders and commands.",
      one(status.secrets.length),
    ),
    gauge(
      "clrk_secret_sources_missing",
      "Those of them without a value; requests that need one are refused.",
      one(missing),
    ),
  ];
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
