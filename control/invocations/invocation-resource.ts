/** Invocations as a resource of the API server: what a request asks for, in the words of their source. */
import { openApiSchema } from "../../crds/open-api.ts";
import { invocationKind } from "../../crds/invocation.ts";
import { metadataFields } from "../apiserver/field-query.ts";
import { formatHumanDuration } from "../apiserver/human-duration.ts";
import { resourceOfKind } from "../apiserver/kind-resource.ts";
import { isRecord } from "../apiserver/kube-object.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import type { ObjectSource, SourceSelection } from "../apiserver/object-source.ts";
import type { ServedResource, TableColumn } from "../apiserver/served-resource.ts";
import { serviceUnavailable } from "../apiserver/status-error.ts";
import { columnsOf } from "../apiserver/table-columns.ts";
import type { InvocationService } from "./invocation-service.ts";
import type { InvocationSource } from "./invocation-source.ts";
import type { InvocationSelection } from "./invocation-store.ts";

const tokensColumn: TableColumn = {
  name: "Tokens",
  type: "integer",
  description: "Tokens that models were sent and answered with",
  priority: 0,
  cell: (object) => {
    const usage = memberOf(object["status"], "usage");
    const [input, output] = [memberOf(usage, "inputTokens"), memberOf(usage, "outputTokens")];
    return typeof input === "number" && typeof output === "number" ? input + output : null;
  },
};

const durationColumn: TableColumn = {
  name: "Duration",
  type: "string",
  description: "Time that it ran, until now where it still does",
  priority: 0,
  cell: ({ status }, nowMs) => {
    const [start, end] = [memberOf(status, "startTime"), memberOf(status, "completionTime")];
    if (typeof start !== "string") return null;
    const endMs = typeof end === "string" ? Date.parse(end) : nowMs;
    return formatHumanDuration(Math.max(0, endMs - Date.parse(start)));
  },
};

/** The resource; while the service has nothing to be asked it answers 503 with the reason. */
export function invocationResource(service: Pick<InvocationService, "now">): ServedResource {
  return {
    ...resourceOfKind(invocationKind, {
      schema: () => openApiSchema(invocationKind),
      columns: invocationColumns(),
      fields: {
        ...metadataFields,
        "spec.parentRef.kind": ({ spec }) => textAt(spec, "parentRef", "kind"),
        "spec.parentRef.name": ({ spec }) => textAt(spec, "parentRef", "name"),
        "spec.trigger.type": ({ spec }) => textAt(spec, "trigger", "type"),
        "status.phase": ({ status }) => textAt(status, "phase"),
      },
      countsGenerations: false,
      hasStatus: true,
    }),
    source: {
      open: () => {
        const { now } = service;
        if (now.kind === "unavailable") throw serviceUnavailable(now.message);
        return new InvocationObjects(now.invocations.source);
      },
      below: [
        { plural: "taskagents", kind: "TaskAgent" },
        { plural: "daemonagents", kind: "DaemonAgent" },
        { plural: "processes", kind: "Process" },
      ],
    },
  };
}

/** Tokens and Duration are computed, and stand beside what they belong to. */
function invocationColumns(): readonly TableColumn[] {
  return columnsOf(invocationKind.printerColumns).flatMap((column) => {
    if (column.name === "Calls") return [column, tokensColumn];
    return column.name === "Cost" ? [column, durationColumn] : [column];
  });
}

class InvocationObjects implements ObjectSource {
  readonly #source: InvocationSource;

  constructor(source: InvocationSource) {
    this.#source = source;
  }

  get revision(): number {
    return this.#source.revision;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#source.get(namespace, name);
  }

  list(query: Parameters<ObjectSource["list"]>[0]) {
    const { limit, at, continue: token } = query;
    return this.#source.list({
      ...selectionOf(query),
      limit,
      ...(at !== undefined && { at }),
      ...(token !== undefined && { continue: token }),
    });
  }

  watch(query: Parameters<ObjectSource["watch"]>[0]) {
    const { after, signal, bookmarkMs } = query;
    return this.#source.watch({
      ...selectionOf(query),
      from: after === undefined ? "state" : { after: String(after) },
      signal,
      ...(bookmarkMs !== undefined && { bookmarkMs }),
    });
  }
}

function selectionOf({ namespace, name, owner, matches }: SourceSelection): InvocationSelection {
  return {
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { id: name }),
    ...(owner !== undefined && { agent: owner }),
    ...(matches !== undefined && { matches }),
  };
}

function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function textAt(value: unknown, ...path: readonly string[]): string {
  const found = path.reduce<unknown>(memberOf, value);
  return typeof found === "string" ? found : "";
}
