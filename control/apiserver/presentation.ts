/** In which form a caller reads objects, chosen by its `Accept` header: whole, as tables, or their metadata alone. */
import type { KubeObject } from "./kube-object.ts";
import type { ServedResource, TableColumn } from "./served-resource.ts";
import { notAcceptable } from "./status-error.ts";

/** What of an object goes with its row. */
export type IncludeObject = "None" | "Metadata" | "Object";

/** The form of an answer. */
export interface Presentation {
  readonly form: "object" | "table" | "metadata";
  /** Of the table or metadata kinds */
  readonly metaVersion: "v1" | "v1beta1";
  readonly encoding: "json" | "yaml";
  readonly includeObject: IncludeObject;
}

/** Facts of a list beside its items. */
export interface ListFacts {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

const offered = ["application/json", "application/yaml"];

/** Chooses by the header, in its own order. Throws a 406 when nothing fits. */
export function choosePresentation(
  accept: string | undefined,
  query: URLSearchParams,
): Presentation {
  const includeObject = readInclude(query.get("includeObject"));
  for (const item of (accept ?? "*/*").split(",")) {
    const [type = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const values = new Map(parameters.map((one) => [one.split("=")[0], one.split("=")[1]]));
    const encoding = encodingOf(type);
    const form = formOf(values.get("as"));
    const version = values.get("v") ?? "v1";
    const isKnown = version === "v1" || version === "v1beta1";
    if (encoding === undefined || form === undefined || !isKnown) continue;
    if (form !== "object" && values.get("g") !== "meta.k8s.io") continue;
    return { form, metaVersion: version, encoding, includeObject };
  }
  throw notAcceptable(offered);
}

/** One object as JSON; `text` is its own JSON, where that is at hand. */
export function presentObject(
  presentation: Presentation,
  resource: ServedResource,
  shown: { readonly object: KubeObject; readonly text?: string; readonly nowMs: number },
): string {
  const { object, text, nowMs } = shown;
  switch (presentation.form) {
    case "object":
      return text ?? JSON.stringify(object);
    case "metadata":
      return JSON.stringify(partialOf(object, presentation.metaVersion));
    case "table": {
      const { resourceVersion = "" } = object.metadata;
      return tableText(presentation, resource, {
        rows: [object],
        facts: { resourceVersion },
        nowMs,
      });
    }
  }
}

/** A list as JSON. */
export function presentList(
  presentation: Presentation,
  resource: ServedResource,
  shown: {
    readonly items: readonly ShownItem[];
    readonly facts: ListFacts;
    readonly nowMs: number;
  },
): string {
  const { items, facts, nowMs } = shown;
  if (presentation.form === "table") {
    return tableText(presentation, resource, {
      rows: items.map(({ object }) => object()),
      facts,
      nowMs,
    });
  }
  const isWhole = presentation.form === "object";
  const kind = isWhole ? `${resource.kind}List` : "PartialObjectMetadataList";
  const apiVersion = isWhole ? resource.apiVersion : `meta.k8s.io/${presentation.metaVersion}`;
  const texts = items.map((item) =>
    isWhole ? item.text() : JSON.stringify(partialOf(item.object(), presentation.metaVersion)),
  );
  const head = JSON.stringify({ kind, apiVersion, metadata: facts });
  return `${head.slice(0, -1)},"items":[${texts.join(",")}]}`;
}

/** An item of a list: read or written as text when the form asks for it. */
export interface ShownItem {
  readonly object: () => KubeObject;
  readonly text: () => string;
}

/** The object of a bookmark: nothing but a revision, in the form of the watch. */
export function presentBookmark(
  presentation: Presentation,
  resource: ServedResource,
  bookmark: { readonly revision: number; readonly endsInitialEvents: boolean },
): string {
  const metadata = {
    resourceVersion: String(bookmark.revision),
    creationTimestamp: null,
    ...(bookmark.endsInitialEvents && { annotations: { "k8s.io/initial-events-end": "true" } }),
  };
  const { form, metaVersion } = presentation;
  if (form === "table") {
    return JSON.stringify({
      kind: "Table",
      apiVersion: `meta.k8s.io/${metaVersion}`,
      metadata,
      columnDefinitions: [],
      rows: [],
    });
  }
  const kind = form === "object" ? resource.kind : "PartialObjectMetadata";
  const apiVersion = form === "object" ? resource.apiVersion : `meta.k8s.io/${metaVersion}`;
  return JSON.stringify({ kind, apiVersion, metadata });
}

interface TableContent {
  readonly rows: readonly KubeObject[];
  readonly facts: ListFacts;
  readonly nowMs: number;
}

function tableText(
  { metaVersion, includeObject }: Presentation,
  resource: ServedResource,
  { rows, facts, nowMs }: TableContent,
): string {
  return JSON.stringify({
    kind: "Table",
    apiVersion: `meta.k8s.io/${metaVersion}`,
    metadata: facts,
    columnDefinitions: resource.columns.map(describeColumn),
    rows: rows.map((object) => ({
      cells: resource.columns.map((column) => column.cell(object, nowMs)),
      ...(includeObject !== "None" && {
        object: includeObject === "Object" ? object : partialOf(object, metaVersion),
      }),
    })),
  });
}

function describeColumn({ name, type, format = "", description, priority }: TableColumn) {
  // A date cell is sent as an age, which is text.
  return { name, type: type === "date" ? "string" : type, format, description, priority };
}

function partialOf({ metadata }: KubeObject, metaVersion: string) {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${metaVersion}`, metadata };
}

function encodingOf(type: string): "json" | "yaml" | undefined {
  if (type === "application/json" || type === "*/*" || type === "application/*") return "json";
  return type === "application/yaml" ? "yaml" : undefined;
}

function formOf(as: string | undefined): Presentation["form"] | undefined {
  if (as === undefined) return "object";
  if (as === "table") return "table";
  return as === "partialobjectmetadata" || as === "partialobjectmetadatalist"
    ? "metadata"
    : undefined;
}

function readInclude(value: string | null): IncludeObject {
  return value === "None" || value === "Object" ? value : "Metadata";
}
