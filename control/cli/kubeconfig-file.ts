/**
 * Kubeconfigs: which API servers a file knows, and what is needed to talk to one.
 * Invariant: what is declared and not understood here (plugins that make tokens, proxies) refuses, it is never left out.
 * See https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";

/** A kubeconfig is a few KiB; what is larger is another file. */
const maxFileBytes = 4 * 1024 * 1024;

/** Characters of a URL that sentences of all commands repeat. */
const longestServer = 200;

/** What is needed to talk to an API server. */
export interface ApiTarget {
  /** `https://HOST:PORT`, with a path where the server is below one */
  readonly server: string;
  /** Authorities in PEM; those that Node knows when absent */
  readonly authorityPem?: string;
  /** Name that the certificate must have, where it is not the host's */
  readonly tlsServerName?: string;
  /** Secret */
  readonly token?: string;
  /** PEM; the key is secret */
  readonly clientCertificate?: { readonly chainPem: string; readonly keyPem: string };
  /** Name of the context */
  readonly context: string;
  /** Namespace where none is given, `default` when the context has none */
  readonly namespace: string;
  /** Path of the kubeconfig, for messages */
  readonly file: string;
  /** Whether it is the control process of this `CLRK_HOME` */
  readonly isOwn: boolean;
}

/** One context as a file names it. */
export interface ContextEntry {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace: string;
  /** URL of the server, empty where the cluster is missing */
  readonly server: string;
  /** The file that has it */
  readonly file: string;
}

/** Files that are read as one: of two entries of one name the first counts, as in kubectl. */
export interface Kubeconfig {
  readonly files: readonly string[];
  readonly contexts: readonly ContextEntry[];
  /** Empty where no file names one */
  readonly currentContext: string;
  /** Returns what a context stands for; throws a `CliError` where it cannot be used */
  open(context: string): Promise<Omit<ApiTarget, "isOwn">>;
}

interface Entry {
  readonly value: Readonly<Record<string, unknown>>;
  readonly file: string;
}

interface Entries {
  readonly clusters: Map<string, Entry>;
  readonly users: Map<string, Entry>;
  readonly contexts: Map<string, Entry>;
}

/**
 * Reads kubeconfigs as one. Files that are not there are left out. Throws a `CliError` for one that cannot be read or
 * is no kubeconfig; no message holds what is in it.
 */
export async function readKubeconfig(files: readonly string[]): Promise<Kubeconfig> {
  const entries: Entries = { clusters: new Map(), users: new Map(), contexts: new Map() };
  let currentContext = "";
  const found: string[] = [];
  for (const file of files) {
    const document = await readDocument(file);
    if (document === undefined) continue;
    found.push(file);
    collect(entries.clusters, document["clusters"], { member: "cluster", file });
    collect(entries.users, document["users"], { member: "user", file });
    collect(entries.contexts, document["contexts"], { member: "context", file });
    currentContext ||= textOf(document["current-context"]);
  }
  const contexts = [...entries.contexts].map(([name, entry]) => describe(name, entry, entries));
  return { files: found, contexts, currentContext, open: (name) => openContext(name, entries) };
}

async function readDocument(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > maxFileBytes) throw unusable(file, `it has ${size} bytes, at most ${maxFileBytes}`);
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT") return undefined;
    throw unusable(file, `it cannot be read (${code})`, { cause: error });
  }
  if (text.trim() === "") return undefined;
  const document = await parseText(file, text);
  if (isMap(document)) return document;
  throw unusable(file, "it is no kubeconfig");
}

async function parseText(file: string, text: string): Promise<unknown> {
  // Ours are JSON; a YAML reader takes longer to load than all else.
  if (text.trimStart().startsWith("{")) {
    try {
      return JSON.parse(text);
    } catch {
      // YAML that begins with a flow map
    }
  }
  const { parse } = await import("yaml");
  try {
    return parse(text, { logLevel: "error" });
  } catch (cause) {
    // The reader's message quotes the line, which may be a token.
    throw unusable(file, "it is neither JSON nor YAML", { cause });
  }
}

function collect(
  into: Map<string, Entry>,
  list: unknown,
  { member, file }: { readonly member: string; readonly file: string },
): void {
  for (const item of Array.isArray(list) ? list.filter(isMap) : []) {
    const name = textOf(item["name"]);
    const value = item[member];
    if (name !== "" && !into.has(name)) into.set(name, { value: isMap(value) ? value : {}, file });
  }
}

function describe(name: string, { value, file }: Entry, entries: Entries): ContextEntry {
  const cluster = textOf(value["cluster"]);
  const server = textOf(entries.clusters.get(cluster)?.value["server"]);
  const namespace = textOf(value["namespace"]) || "default";
  return { name, cluster, user: textOf(value["user"]), namespace, server, file };
}

async function openContext(name: string, entries: Entries): Promise<Omit<ApiTarget, "isOwn">> {
  const context = entries.contexts.get(name);
  if (context === undefined) {
    throw new CliError(
      `Cannot find context "${escapeControls(name)}": no kubeconfig has it\nSee all: clrk context list`,
    );
  }
  const { cluster, user, namespace, file } = describe(name, context, entries);
  const clusterEntry = entries.clusters.get(cluster);
  const userEntry = entries.users.get(user);
  if (clusterEntry === undefined) {
    throw unusable(file, `context "${name}" names cluster "${cluster}", which it does not have`);
  }
  if (userEntry === undefined && user !== "") {
    throw unusable(file, `context "${name}" names user "${user}", which it does not have`);
  }
  return {
    ...(await readCluster(clusterEntry)),
    ...(userEntry === undefined ? {} : await readUser(userEntry)),
    context: name,
    namespace,
    file,
  };
}

async function readCluster(entry: Entry): Promise<Pick<ApiTarget, "server">> {
  const { value, file } = entry;
  const server = textOf(value["server"]);
  const isShown = server.length <= longestServer && escapeControls(server) === server;
  if (!isShown || !URL.canParse(server) || new URL(server).protocol !== "https:") {
    throw unusable(
      file,
      `its server is "${server.slice(0, longestServer)}", wanted https://HOST:PORT`,
    );
  }
  refuse(entry, ["proxy-url", "insecure-skip-tls-verify"], "a certificate-authority-data");
  const authorityPem = await readPem(entry, "certificate-authority");
  const tlsServerName = textOf(value["tls-server-name"]);
  return {
    server: server.replace(/\/+$/, ""),
    ...(authorityPem !== undefined && { authorityPem }),
    ...(tlsServerName !== "" && { tlsServerName }),
  };
}

async function readUser(entry: Entry): Promise<Pick<ApiTarget, "token" | "clientCertificate">> {
  const { value, file } = entry;
  const unknown = ["exec", "auth-provider", "username", "password", "as", "as-uid", "as-groups"];
  refuse(entry, [...unknown, "as-user-extra"], "a token or a client certificate");
  const tokenFile = textOf(value["tokenFile"]);
  const token = tokenFile === "" ? textOf(value["token"]) : await readBeside(file, tokenFile);
  const chainPem = await readPem(entry, "client-certificate");
  const keyPem = await readPem(entry, "client-key");
  if ((chainPem === undefined) !== (keyPem === undefined)) {
    throw unusable(file, "a user has one of client certificate and key, wanted both");
  }
  // As in Go: it goes into a header, where a line end would break the request.
  if (/[^\x21-\x7e]/.test(token.trim())) throw unusable(file, "a token has a blank or control");
  return {
    ...(token.trim() !== "" && { token: token.trim() }),
    ...(chainPem !== undefined &&
      keyPem !== undefined && { clientCertificate: { chainPem, keyPem } }),
  };
}

/** Text of `NAME-data` in base64, else of the file that `NAME` says. */
async function readPem({ value, file }: Entry, name: string): Promise<string | undefined> {
  const data = textOf(value[`${name}-data`]);
  if (data !== "") return Buffer.from(data, "base64").toString("utf8");
  const other = textOf(value[name]);
  return other === "" ? undefined : readBeside(file, other);
}

/** Paths in a kubeconfig are relative to it. */
async function readBeside(file: string, name: string): Promise<string> {
  const found = path.resolve(path.dirname(file), name);
  try {
    return await readFile(found, "utf8");
  } catch (cause) {
    throw unusable(file, `it names "${name}", which cannot be read`, { cause });
  }
}

function refuse({ value, file }: Entry, names: readonly string[], wanted: string): void {
  const name = names.find((one) => {
    const member = value[one];
    return member !== undefined && member !== null && member !== false && member !== "";
  });
  if (name === undefined) return;
  const detail = `it uses "${name}", which clrk does not support`;
  throw unusable(file, detail, { next: `Wanted: ${wanted}` });
}

function unusable(
  file: string,
  detail: string,
  { next, cause }: { readonly next?: string; readonly cause?: unknown } = {},
): CliError {
  const message = `Cannot use kubeconfig "${escapeControls(file)}": ${escapeControls(detail)}`;
  return new CliError(next === undefined ? message : `${message}\n${next}`, { cause });
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
