/**
 * One request of the ClickHouse HTTP interface, as far as `@clickhouse/client` uses it, and the SQL that the embedded
 * engine is given for it. Values from outside become string literals or bound parameters, never text of a statement.
 *
 * @see https://clickhouse.com/docs/interfaces/http
 */
import { ClrkError } from "../../gateway/errors.ts";

/** A statement with all that goes with it. */
export interface StoreRequest {
  readonly sql: string;
  /** Rows of an INSERT, in the format that it names; empty for all else */
  readonly data: Buffer;
  readonly settings: ReadonlyMap<string, string>;
  /** Values of `{name:Type}`, as the interface escapes them */
  readonly parameters: ReadonlyMap<string, string>;
}

/** An INSERT whose rows follow it. */
export interface InsertTarget {
  readonly table: string;
  readonly columns: readonly string[];
  readonly format: "JSONEachRow" | "JSONCompactEachRow";
}

/** Of the interface, not of the engine: ignored, or about the connection. */
const transportParameters: ReadonlySet<string> = new Set([
  "query",
  "query_id",
  "session_id",
  "session_check",
  "session_timeout",
  "role",
  "compress",
  "decompress",
  "enable_http_compression",
  "wait_end_of_query",
  "send_progress_in_http_headers",
  "http_headers_progress_interval_ms",
  "output_format_native_encode_types_in_binary_format",
]);

/** Settings that stand for many others. */
const foldedSettings: ReadonlySet<string> = new Set(["compatibility", "profile"]);

const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Reads the address and the body of a POST. Throws CLRK_INVALID_ARGUMENT. */
export function parseStoreRequest(url: URL, body: Buffer): StoreRequest {
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (name.startsWith("param_")) parameters.set(checkName(name.slice(6)), value);
    else if (name === "database") checkDatabase(value);
    else if (!transportParameters.has(name)) settings.set(checkSetting(name), value);
  }
  const query = url.searchParams.get("query");
  const sql = (query ?? body.toString()).trim();
  if (sql === "") throw invalid("it holds no statement");
  const unbound = placeholders(sql).filter((name) => !parameters.has(name));
  // A session keeps the parameters of earlier statements: one that is missing would be another caller's.
  if (unbound.length > 0) throw invalid(`no value of parameter "${unbound[0]}"`);
  return { sql, data: query === null ? Buffer.alloc(0) : body, settings, parameters };
}

/** The table, columns and format of an INSERT with rows behind it; undefined for any other statement. */
export function tryParseInsert(sql: string): InsertTarget | undefined {
  const form =
    /^INSERT\s+INTO\s+(?:default\.)?(\w+)\s*\(([\w\s,.`]+)\)\s*FORMAT\s+(JSONEachRow|JSONCompactEachRow)$/i;
  const [, table, list, format] = form.exec(sql) ?? [];
  if (table === undefined || list === undefined) return undefined;
  const columns = list.split(",").map((name) => name.trim().replaceAll("`", ""));
  const isCompact = format?.toLowerCase() === "jsoncompacteachrow";
  return { table, columns, format: isCompact ? "JSONCompactEachRow" : "JSONEachRow" };
}

/** A SET of all settings and parameters; empty where there are none. */
export function setStatement({
  settings,
  parameters,
}: Pick<StoreRequest, "settings" | "parameters">): string {
  const parts = [
    ...[...settings].map(([name, value]) => `${name} = ${quote(value)}`),
    ...[...parameters].map(([name, value]) => `param_${name} = ${quote(value)}`),
  ];
  return parts.length === 0 ? "" : `SET ${parts.join(", ")}`;
}

/** The SET that undoes the settings of `setStatement()`, to `defaults` of ours or else the engine's; empty where there are none. */
export function resetStatement(
  names: Iterable<string>,
  defaults: ReadonlyMap<string, string> = new Map(),
): string {
  const parts = [...names].map((name) => {
    const value = defaults.get(name);
    return `${checkName(name)} = ${value === undefined ? "DEFAULT" : quote(value)}`;
  });
  return parts.length === 0 ? "" : `SET ${parts.join(", ")}`;
}

/** A string literal of ClickHouse. */
export function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function placeholders(sql: string): string[] {
  return [...sql.matchAll(/\{(\w+)\s*:/g)].map(([, name = ""]) => name);
}

function checkName(name: string): string {
  if (identifier.test(name)) return name;
  throw invalid(`"${name.slice(0, 64)}" is no name of a setting or parameter`);
}

function checkSetting(name: string): string {
  if (!foldedSettings.has(name)) return checkName(name);
  throw invalid(
    `setting "${name}" changes others, which could not be put back after the statement`,
  );
}

function checkDatabase(name: string): void {
  if (name !== "" && name !== "default") {
    throw invalid(`database "${name.slice(0, 64)}" is not there, only "default"`);
  }
}

function invalid(problem: string): ClrkError {
  const message = `Cannot read a request to the telemetry store: ${problem}`;
  return new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}
