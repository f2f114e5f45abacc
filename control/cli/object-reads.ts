/** Reads objects of an API server with the columns that it has for them: one, or a list over all its pages. */
import type { ApiClient } from "./api-client.ts";
import { ApiError, unreadableOf } from "./api-error.ts";
import { pathOf } from "./api-resources.ts";
import type { ApiResource } from "./api-resources.ts";
import { mapOf, mapsOf, numberOf, textOf } from "./json-parts.ts";
import { readStoredObject } from "./stored-object.ts";
import type { StoredObject } from "./stored-object.ts";

/** Objects of one page, as kubectl asks for. */
const pageSize = 500;

/** Times a list is begun again because its state was forgotten between two pages. */
const maxRestarts = 2;

/** Media type of objects as rows with their columns. */
export const tableType = "application/json;as=Table;v=v1;g=meta.k8s.io";

/** A column as the server declares it. */
export interface ServerColumn {
  readonly name: string;
  /** 0 for columns that are always shown, more for those of `-o wide` */
  readonly priority: number;
}

/** An object with its cells, in the order of the columns. */
export interface ObjectRow {
  readonly cells: readonly string[];
  readonly object: StoredObject;
}

/** Rows and what they mean. */
export interface ObjectTable {
  readonly columns: readonly ServerColumn[];
  readonly rows: readonly ObjectRow[];
  /** Revision at which it is so, for a watch from there */
  readonly resourceVersion: string;
  /** Objects beyond the limit, as far as the server counts them */
  readonly remaining: number;
  /** Whether there are any */
  readonly hasMore: boolean;
}

/** Which objects a list is about. */
export interface Selection {
  /** All namespaces when absent or empty */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Most objects, over all pages; all when absent */
  readonly limit?: number;
  /** The list ends before the first object of which it is true, as if no more were there; pages behind it are not asked for */
  readonly ends?: (object: StoredObject) => boolean;
}

/** Lists objects, page after page of one state, begun again when the server forgets it. Throws an `ApiError`. */
export async function listObjects(
  client: ApiClient,
  resource: ApiResource,
  selection: Selection = {},
): Promise<ObjectTable> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await listOnce(client, resource, selection);
    } catch (error) {
      const isForgotten = error instanceof ApiError && error.failure === "expired";
      if (!isForgotten || restarts === maxRestarts) throw error;
    }
  }
}

async function listOnce(
  client: ApiClient,
  resource: ApiResource,
  selection: Selection,
): Promise<ObjectTable> {
  const { namespace = "", limit = Number.POSITIVE_INFINITY, ends = () => false } = selection;
  const path = pathOf(resource, { namespace });
  const rows: ObjectRow[] = [];
  let next = "";
  for (;;) {
    const { body } = await client.request({
      path,
      accept: tableType,
      query: {
        ...queryOf(selection),
        limit: Math.min(pageSize, limit - rows.length),
        continue: next,
      },
    });
    const page = readTable(client, body);
    const { columns, resourceVersion, remaining } = page;
    const end = page.rows.findIndex(({ object }) => ends(object));
    if (end >= 0) {
      rows.push(...page.rows.slice(0, end));
      return { columns, resourceVersion, rows, remaining: 0, hasMore: false };
    }
    rows.push(...page.rows);
    next = page.next;
    if (next === "" || rows.length >= limit) {
      return { columns, resourceVersion, rows, remaining, hasMore: next !== "" };
    }
  }
}

/** The selectors as a query. */
export function queryOf({ labelSelector, fieldSelector }: Selection) {
  return { labelSelector, fieldSelector, includeObject: "Object" };
}

/** Reads one object as a table of one row. Throws an `ApiError`, `not-found` when it is not there. */
export async function getObject(
  client: ApiClient,
  resource: ApiResource,
  place: { readonly namespace?: string; readonly name: string },
): Promise<ObjectTable> {
  const { body } = await client.request({
    path: pathOf(resource, place),
    accept: tableType,
    query: { includeObject: "Object" },
  });
  const { columns, rows, resourceVersion } = readTable(client, body);
  return { columns, rows, resourceVersion, remaining: 0, hasMore: false };
}

interface Page extends Omit<ObjectTable, "hasMore"> {
  /** Token of the next page, empty at the last */
  readonly next: string;
}

/** A `meta.k8s.io` Table as it was answered. Throws an `ApiError` for anything else. */
export function readTable(client: ApiClient, body: unknown): Page {
  const table = mapOf(body);
  if (table["kind"] !== "Table")
    throw unreadableOf("it does not answer with tables", client.target);
  const metadata = mapOf(table["metadata"]);
  return {
    columns: mapsOf(table["columnDefinitions"]).map((column) => ({
      name: textOf(column["name"]),
      priority: numberOf(column["priority"]),
    })),
    rows: mapsOf(table["rows"]).map((row) => readRow(client, row)),
    resourceVersion: textOf(metadata["resourceVersion"]),
    remaining: numberOf(metadata["remainingItemCount"]),
    next: textOf(metadata["continue"]),
  };
}

function readRow(client: ApiClient, row: Readonly<Record<string, unknown>>): ObjectRow {
  const object = readStoredObject(row["object"]);
  if (object === undefined) throw unreadableOf("a row of a table has no object", client.target);
  const cells = Array.isArray(row["cells"]) ? row["cells"] : [];
  return { object, cells: cells.map(formatCell) };
}

function formatCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
