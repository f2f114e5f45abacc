/**
 * What the control process has beside its objects. None of it stops the API server: what cannot be had is tried again,
 * and its resources answer 503 with the reason meanwhile.
 */
import path from "node:path";
import type { Clock } from "../gateway/clock.ts";
import { ClrkError } from "../gateway/errors.ts";
import { gatewayLookout } from "../gateway/gateway-identity.ts";
import type { HomeDirectory } from "../gateway/home-directory.ts";
import { InvocationTraces, invocationTraceKey } from "../gateway/invocation-trace.ts";
import type { Logger } from "../gateway/log.ts";
import type { NatsOptions } from "../gateway/nats-options.ts";
import { readNatsServers } from "../gateway/nats-options.ts";
import { openPlaceholderKey } from "../gateway/placeholder-key.ts";
import { allResources } from "./apiserver/all-resources.ts";
import type { ApiPage, ConnectedResource } from "./apiserver/api-context.ts";
import type { ObjectStore } from "./apiserver/object-store.ts";
import type { ServedResource } from "./apiserver/served-resource.ts";
import type { CallLog } from "./dispatch/call-events.ts";
import { openAgents } from "./dispatch/open-agents.ts";
import { invocationResource } from "./invocations/invocation-resource.ts";
import { InvocationService } from "./invocations/invocation-service.ts";
import { ServiceExecutions } from "./invocations/service-executions.ts";
import type { DeletedObject } from "./objects/deleted-objects.ts";
import { followForwardTargets } from "./forward-targets.ts";
import { metricsPage } from "./control-metrics.ts";
import { createReporter, reportResource } from "./process-report.ts";
import type { Reporter } from "./process-report.ts";
import { runProgress } from "./run-progress.ts";
import { readResources } from "./read-api/read-resources.ts";
import { readClickHouse } from "./telemetry-words.ts";
import type { TelemetryWords } from "./telemetry-words.ts";
import { AgentForwarder } from "./telemetry/agent-forwarder.ts";
import { agentReceiver } from "./telemetry/agent-receiver.ts";
import { defaultMaxAgeMs } from "./telemetry/retention.ts";
import type { RunProgress } from "./telemetry/run-senders.ts";
import { TelemetryService } from "./telemetry/telemetry-service.ts";

/** What they are made of. */
export interface ControlServicesOptions {
  readonly home: HomeDirectory;
  /** Private folder of the control process; theirs are in it */
  readonly folder: string;
  /** Not theirs: close it afterwards */
  readonly store: ObjectStore;
  readonly nats: NatsOptions;
  readonly telemetry: TelemetryWords;
  readonly version: string;
  /** Starts of the process before this one */
  readonly restarts: number;
  /** Objects of files that others deleted, for the state of the process */
  readonly deleted: () => readonly DeletedObject[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Services that run. */
export interface ControlServices {
  /** Resources that they serve through the API server */
  readonly resources: readonly ServedResource[];
  /** Paths that they answer below it */
  readonly connected: readonly ConnectedResource[];
  /** Pages of the API server besides them */
  readonly pages: readonly ApiPage[];
  /** State of the process for whoever asks */
  readonly report: Reporter;
  /** Begins with what takes long: call it when the API server listens. */
  start(): void;
  /** Ends them; the API server is closed before. */
  close(): Promise<void>;
}

/**
 * Starts them. Rejects with CLRK_INVALID_ARGUMENT for options that can never work, CLRK_PRECONDITION_FAILED where the
 * home's key cannot be used.
 */
export async function openControlServices(
  options: ControlServicesOptions,
): Promise<ControlServices> {
  const { home, folder, clock, log } = options;
  const nats = await readNatsServers(options.nats);
  const invocations = new InvocationService({
    directory: path.join(folder, "invocations"),
    recordsDirectory: home.records,
    lookForGateway: gatewayLookout(home.root),
    takeRoots: async (roots) => {
      const outcome = await telemetry.takeRoots(roots);
      if (outcome === "taken") await forwarder.takeRoots(roots);
      return outcome;
    },
    ...(nats !== undefined && { nats }),
    clock,
    logger: log,
  });
  const server = readClickHouse(options.telemetry, process.env);
  const { telemetryMemoryBytes, telemetrySizeBytes, telemetryAgeMs } = options.telemetry;
  const maxAgeMs = telemetryAgeMs ?? defaultMaxAgeMs;
  const forwarder = new AgentForwarder({
    ...{ spoolDirectory: path.join(folder, "otlp-spool"), clock, log },
  });
  const receiver = options.telemetry.telemetryOff
    ? undefined
    : await agentReceiver({
        home,
        ...(options.telemetry.otlpPort !== undefined && { port: options.telemetry.otlpPort }),
        findRun: (namespace, id) => progressOf(invocations, namespace, id),
        onTaken: (batch, sender) => forwarder.take(batch, sender),
        clock,
        log,
      });
  const telemetry = new TelemetryService({
    directory: path.join(home.root, "telemetry"),
    recordsDirectory: home.records,
    isOff: options.telemetry.telemetryOff,
    maxAgeMs,
    ...(telemetryMemoryBytes !== undefined && { memoryCapBytes: telemetryMemoryBytes }),
    ...(telemetrySizeBytes !== undefined && { maxBytes: telemetrySizeBytes }),
    ...(server !== undefined && { server }),
    ...(receiver !== undefined && { receiver, forwarded: () => forwarder.status }),
    clock,
    log,
  });
  const unfollow =
    receiver === undefined
      ? () => {}
      : followForwardTargets(options.store, (targets) => forwarder.setTargets(targets));
  invocations.start();
  const traceKey = invocationTraceKey(await openPlaceholderKey(home.placeholderKey));
  const agents = openAgents({
    ...{ store: options.store, resources: allResources(), clock, logger: log },
    log: callLogOf(invocations),
    executions: new ServiceExecutions(invocations),
    traces: new InvocationTraces(traceKey),
  });
  const { version, restarts, deleted } = options;
  const report = createReporter({ version, restarts, clock, telemetry, invocations, deleted });
  return {
    report,
    resources: [invocationResource(invocations)],
    pages: [metricsPage(report)],
    connected: [
      reportResource(report),
      ...readResources({ state: () => telemetry.now, clock, log, maxAgeMs }),
      ...agents.connected,
    ],
    start: () => telemetry.start(),
    close: async () => {
      unfollow();
      await agents.close();
      forwarder.letIn();
      await Promise.all([invocations.close(), telemetry.close()]);
      // What was taken last is sent, or on disk.
      await forwarder.close();
    },
  };
}

/** The log as it is now: a call that comes while there is none is refused, and told why. */
function callLogOf(invocations: InvocationService): CallLog {
  return {
    append: async (event) => {
      const { now } = invocations;
      if (now.kind === "open") return now.invocations.log.append(event);
      throw new ClrkError("CLRK_UNAVAILABLE", now.message, { expose: now.message });
    },
  };
}

function progressOf(service: InvocationService, namespace: string, id: string): RunProgress {
  const { now } = service;
  // What is wrong with the log is for its operator; this goes to agents.
  if (now.kind !== "open") return { kind: "unknown", why: "invocations cannot be looked up" };
  return runProgress(now.invocations.source.get(namespace, id));
}
