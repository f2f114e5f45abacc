/** `/apis/metrics.clrk.apoxy.dev/v1alpha1/telemetry`: how the store is, for whoever watches over it. */
import type { ConnectedResource } from "../apiserver/api-context.ts";
import type { TelemetryFigures } from "../telemetry/telemetry-figures.ts";
import { checkKnown } from "./read-parameters.ts";
import { metricsGroup } from "./series-reads.ts";

const none: ReadonlySet<string> = new Set();

/** The path; `figures` are asked for with each request. It asks the store nothing, so that it answers while that is away. */
export function telemetryResource(figures: () => TelemetryFigures): ConnectedResource {
  return {
    ...metricsGroup,
    ...{ plural: "telemetry", subresource: "", kind: "TelemetryStatus" },
    ...{ namespaced: false, needsObject: false },
    verbs: ["list"],
    answer: async ({ target }) => {
      checkKnown(target.query, none);
      const { group, version } = metricsGroup;
      const head = { apiVersion: `${group}/${version}`, kind: "TelemetryStatus" };
      return { status: 200, body: JSON.stringify({ ...head, ...figures() }) };
    },
  };
}
