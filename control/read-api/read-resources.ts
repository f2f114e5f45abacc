/** The paths of the read API, for the API server. */
import type { Clock } from "../../gateway/clock.ts";
import type { Logger } from "../../gateway/log.ts";
import type { ConnectedCall, ConnectedResource } from "../apiserver/api-context.ts";
import { badRequest } from "../apiserver/status-error.ts";
import type { StoredSpan } from "../telemetry/stored-span.ts";
import { ItemReads } from "./item-reads.ts";
import { tracesDocument } from "./otlp-document.ts";
import { checkKnown, itemParameters } from "./read-parameters.ts";
import type { ItemKind } from "./read-parameters.ts";
import { answerCatalogue, answerSeries, metricsGroup, seriesParameters } from "./series-reads.ts";
import type { SeriesScope } from "./series-reads.ts";
import type { TelemetryState } from "./telemetry-door.ts";
import { TelemetryDoor } from "./telemetry-door.ts";

/** What the paths are made of. */
export interface ReadApiOptions {
  /** Asked for each request */
  readonly state: () => TelemetryState;
  readonly clock: Clock;
  readonly log: Logger;
  /** Age at which telemetry is dropped */
  readonly maxAgeMs: number;
}

/** Where agents are: by the plural of their path, their kind; those of `clrk run` are no objects. */
const agentKinds = [
  { plural: "taskagents", kind: "TaskAgent", isStored: true },
  { plural: "daemonagents", kind: "DaemonAgent", isStored: true },
  { plural: "processes", kind: "Process", isStored: false },
] as const;

const agents = { group: "clrk.apoxy.dev", version: "v1alpha1" } as const;

/** All of them. */
export function readResources(options: ReadApiOptions): ConnectedResource[] {
  const { clock, log, maxAgeMs } = options;
  const door = new TelemetryDoor(options.state, log);
  const items = new ItemReads({ door, clock, maxAgeMs });
  return [
    ...agentKinds.flatMap((agent) => [
      itemResource(items, agent, "logs"),
      itemResource(items, agent, "traces"),
    ]),
    traceResource(door),
    invocationResource(door),
    ...seriesResources({ door, clock }),
  ];
}

function itemResource(
  reads: ItemReads,
  { plural, kind, isStored }: (typeof agentKinds)[number],
  items: ItemKind,
): ConnectedResource {
  return {
    ...agents,
    ...{ plural, subresource: items, kind, namespaced: true },
    needsObject: isStored,
    verbs: ["get"],
    parameters: [...itemParameters],
    answer: (call) => {
      const { namespace, name } = call.target;
      return reads.answer(call, items, { namespace, kind, name });
    },
  };
}

function traceResource(door: TelemetryDoor): ConnectedResource {
  return {
    ...agents,
    ...{ plural: "traces", subresource: "", kind: "TracesData" },
    ...{ namespaced: true, needsObject: false },
    verbs: ["get"],
    answer: (call) => {
      const { namespace, name } = call.target;
      if (!/^[0-9a-f]{32}$/.test(name)) throw badRequest("a trace id has 32 hexadecimal digits");
      return answerSpans(call, door, (queries) => queries.traceSpans(namespace, name, call.signal));
    },
  };
}

function invocationResource(door: TelemetryDoor): ConnectedResource {
  return {
    ...agents,
    ...{ plural: "invocations", subresource: "traces", kind: "TracesData" },
    ...{ namespaced: true, needsObject: false },
    verbs: ["get"],
    answer: (call) => {
      const { namespace, name } = call.target;
      return answerSpans(call, door, (queries) =>
        queries.invocationSpans(namespace, name, call.signal),
      );
    },
  };
}

const none: ReadonlySet<string> = new Set();

async function answerSpans(
  call: ConnectedCall,
  door: TelemetryDoor,
  read: (queries: TelemetryDoor["telemetry"]["queries"]) => Promise<readonly StoredSpan[]>,
) {
  checkKnown(call.target.query, none);
  const { queries } = door.telemetry;
  const action = () => read(queries);
  const spans = await door.read({ kind: "items", call, action });
  return { status: 200, body: JSON.stringify(tracesDocument(spans)) };
}

function seriesResources(parts: {
  readonly door: TelemetryDoor;
  readonly clock: Clock;
}): ConnectedResource[] {
  const series = (plural: string, kind: string, about: (call: ConnectedCall) => SeriesScope) => ({
    ...metricsGroup,
    ...{ plural, subresource: "series", kind, namespaced: true, needsObject: false },
    verbs: ["get"] as const,
    parameters: [...seriesParameters],
    answer: (call: ConnectedCall) => answerSeries(call, about(call), parts),
  });
  return [
    {
      ...metricsGroup,
      ...{ plural: "metrics", subresource: "", kind: "Metric", namespaced: false },
      needsObject: false,
      verbs: ["list"],
      answer: async () => answerCatalogue(),
    },
    ...agentKinds.map(({ kind }) =>
      series(`${kind.toLowerCase()}metrics`, `${kind}Metrics`, ({ target }) => ({
        scope: { namespace: target.namespace, kind, name: target.name },
      })),
    ),
    series("egressgatewaymetrics", "EgressGatewayMetrics", ({ target }) => ({
      gateway: `${target.namespace}/${target.name}`,
    })),
  ];
}
