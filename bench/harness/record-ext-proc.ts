/**
 * Records what the real Envoy says to an ext_proc server, and checks that it does what our answers say:
 * `CLRK_ENVOY=<binary> node bench/harness/record-ext-proc.ts [case]` writes `extproc/testdata/recorded/<case>.json`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { recordedCases } from "../../extproc/testdata/recorded-cases.ts";
import type { Outcome, Received, RecordedCase } from "../../extproc/testdata/recorded-cases.ts";
import { findEnvoy } from "../../gateway/envoy-binary.ts";
import { extProcBootstrap } from "./ext-proc-envoy.ts";
import { startExtProcServer } from "./ext-proc-server.ts";
import { freePort } from "./free-port.ts";
import { startProcess, temporaryDirectory, waitUntil } from "./processes.ts";
import type { TestScope } from "./processes.ts";

const directory = join(import.meta.dirname, "../../extproc/testdata/recorded");

const headersOnly = { request_header_mode: "SEND", response_header_mode: "SEND" };
const withTrailers = { request_trailer_mode: "SEND", response_trailer_mode: "SEND" };

/** Configuration of the filter in each case. */
const filters: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  headers: { processing_mode: headersOnly },
  unchanged: bodies("BUFFERED", {}),
  buffered: bodies("BUFFERED", {}),
  streamed: bodies("STREAMED", withTrailers),
  "full-duplex": bodies("FULL_DUPLEX_STREAMED", withTrailers),
  "mode-override": { processing_mode: headersOnly },
  attributes: {
    processing_mode: headersOnly,
    request_attributes: ["request.method", "request.path", "request.size"],
    metadata_options: { forwarding_namespaces: { untyped: ["recorded"] } },
  },
  immediate: bodies("STREAMED", {}),
  network: {},
};

function bodies(mode: string, others: object): Readonly<Record<string, unknown>> {
  const both = { request_body_mode: mode, response_body_mode: mode };
  return { processing_mode: { ...headersOnly, ...both, ...others } };
}

/** Cases whose exchange ends with trailers. */
const trailerCases: ReadonlySet<string> = new Set(["streamed", "full-duplex"]);

/** Plays one case; the file's contents. Throws when Envoy did something else than the case says. */
async function record(scope: TestScope, recorded: RecordedCase, envoy: string): Promise<string> {
  const home = temporaryDirectory(scope);
  const socket = join(home, "ext-proc.sock");
  const accessLog = join(home, "access.json");
  const server = await startExtProcServer(socket, recorded.reply);
  scope.teardown(() => server.close());
  const upstream = await startUpstream(scope, trailerCases.has(recorded.name));
  const port = await freePort();
  const config = join(home, "envoy.json");
  const bootstrap = extProcBootstrap({
    port,
    upstreamPort: upstream.port,
    extProcSocket: socket,
    accessLog,
    kind: recorded.name === "network" ? "network" : "http",
    filter: filters[recorded.name] ?? {},
  });
  await writeFile(config, bootstrap);
  const flags = ["--use-dynamic-base-id", "--concurrency", "1", "--file-flush-interval-msec", "10"];
  const child = startProcess(scope, { command: envoy, arguments: ["-c", config, ...flags] });
  await waitUntil(() => /all dependencies initialized. starting workers/.test(child.stderr), {
    deadlineMs: 20_000,
    what: "Envoy at work",
  });
  const answer = await exchange(port, trailerCases.has(recorded.name));
  const log = await waitUntil(() => readFile(accessLog, "utf8"), {
    deadlineMs: 20_000,
    what: "an access log entry",
  });
  const outcome = { ...answer, upstream: upstream.received(), log: parseLog(log) };
  if (!isDeepStrictEqual(outcome, recorded.outcome)) {
    const found = JSON.stringify(outcome, null, 2);
    throw new Error(`Cannot record "${recorded.name}": Envoy did something else: ${found}`);
  }
  const messages = server.kept.map(({ message, reply }) => ({
    message: message.toString("hex"),
    reply: reply.toString("hex"),
  }));
  return `${JSON.stringify({ messages }, null, 2)}\n`;
}

/** Dynamic metadata that is not there is null in JSON. */
function parseLog(text: string): Outcome["log"] {
  const { id, details } = JSON.parse(text) as { id: string | null; details: string };
  return { id: id ?? "-", details };
}

interface Upstream {
  readonly port: number;
  received(): Received | null;
}

/** Answers anything, and keeps the last request. */
async function startUpstream(scope: TestScope, hasTrailers: boolean): Promise<Upstream> {
  let received: Received | null = null;
  const server = createServer(async (incoming, response) => {
    const path = incoming.url === "/case" ? {} : { "x-case-path": incoming.url ?? "" };
    const found = await receive(incoming);
    received = { ...found, headers: { ...path, ...found.headers } };
    if (hasTrailers) response.setHeader("trailer", "x-case-trailer");
    response.setHeader("x-case-kept", "answer");
    if (hasTrailers) response.addTrailers({ "x-case-trailer": "answer" });
    response.end("answer");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return { port, received: () => received };
}

/** One request through Envoy. */
function exchange(port: number, hasTrailers: boolean): Promise<Received & { status: number }> {
  return new Promise((resolve, reject) => {
    const headers = {
      host: "api.example.test",
      "x-case-sent": "request",
      "x-case-gone": "request",
      // One body of known size where nothing else is needed: Envoy then tells it to the server.
      ...(hasTrailers ? { trailer: "x-case-trailer" } : { "content-length": 8 }),
    };
    const options = { host: "127.0.0.1", port, method: "POST", path: "/case", headers };
    const outgoing = request(options, (incoming) => {
      receive(incoming).then(
        (found) => resolve({ status: incoming.statusCode ?? 0, ...found }),
        reject,
      );
    });
    outgoing.setTimeout(10_000, () => outgoing.destroy(new Error("Envoy did not answer")));
    outgoing.once("error", reject);
    if (hasTrailers) outgoing.addTrailers({ "x-case-trailer": "question" });
    outgoing.end("question");
  });
}

async function receive(incoming: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return {
    headers: caseHeaders(incoming.rawHeaders),
    body: Buffer.concat(chunks).toString(),
    trailers: caseHeaders(incoming.rawTrailers),
  };
}

/** Those of the case, as UTF-8: Node reads headers as Latin-1. */
function caseHeaders(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const value = Buffer.from(raw[index + 1] ?? "", "latin1").toString();
    if (name.startsWith("x-case-")) headers[name] = value;
  }
  return headers;
}

/** Runs the case and ends whatever it started, the last first. */
async function recordCase(recorded: RecordedCase, envoy: string): Promise<string> {
  const teardowns: (() => unknown)[] = [];
  try {
    return await record({ teardown: (end) => teardowns.push(end) }, recorded, envoy);
  } finally {
    for (const teardown of teardowns.reverse()) await teardown();
  }
}

if (import.meta.main) {
  const found = await findEnvoy({ env: process.env, install: "never" });
  const [wanted] = process.argv.slice(2);
  const cases = recordedCases.filter(({ name }) => wanted === undefined || name === wanted);
  if (found.kind !== "found" || cases.length === 0) {
    const problem = found.kind === "found" ? `no case "${wanted}"` : "no Envoy (CLRK_ENVOY)";
    console.error(`Cannot record: ${problem}`);
    process.exit(2);
  }
  for (const recorded of cases) {
    const text = await recordCase(recorded, found.path);
    await writeFile(join(directory, `${recorded.name}.json`), text);
    console.log(`${recorded.name}: ${JSON.parse(text).messages.length} messages`);
  }
}
