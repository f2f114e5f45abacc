/**
 * An HTTPS server of both versions that shows whoever asks what it was sent: the credential in any spelling, in any part of an answer, in
 * pieces of any size, compressed if it likes. Everything that it received can be read afterwards.
 */
import { createSecureServer } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { TestScope } from "./processes.ts";
import type { UpstreamCertificate } from "./upstream-authority.ts";

/** A way to write a secret; `from` what is left of an answer, whatever agents can make of it. */
export interface Spelling {
  readonly name: string;
  readonly write: (secret: string) => string;
}

const codeOf = (unit: string) => unit.charCodeAt(0).toString(16);

/** Every way in which programs repeat what they were sent. */
export const spellings: readonly Spelling[] = [
  { name: "raw", write: (secret) => secret },
  { name: "percent", write: (secret) => encodeURIComponent(secret) },
  {
    name: "percent-all",
    write: (secret) => Array.from(secret, (unit) => `%${codeOf(unit).padStart(2, "0")}`).join(""),
  },
  { name: "json", write: (secret) => JSON.stringify({ said: secret }) },
  {
    name: "json-all",
    write: (secret) => Array.from(secret, (unit) => `\\u${codeOf(unit).padStart(4, "0")}`).join(""),
  },
  { name: "json-twice", write: (secret) => JSON.stringify(JSON.stringify({ said: secret })) },
  { name: "html", write: (secret) => Array.from(secret, (unit) => `&#x${codeOf(unit)};`).join("") },
  { name: "upper", write: (secret) => secret.toUpperCase() },
  { name: "hex", write: (secret) => Buffer.from(secret).toString("hex") },
  { name: "basic", write: (secret) => Buffer.from(`user:${secret}`).toString("base64") },
  ...[0, 1, 2].map((shift) => ({
    name: `base64-${shift}`,
    write: (secret: string) => Buffer.from(`${"x".repeat(shift)}${secret}`).toString("base64"),
  })),
  { name: "base64url", write: (secret) => Buffer.from(`?>${secret}`).toString("base64url") },
];

/** What came in. */
export interface MirroredRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Names and values as they came, alternating */
  readonly rawHeaders: readonly string[];
  readonly headers: Http2ServerRequest["headers"];
  readonly body: string;
}

/** A running mirror. */
export interface MirrorUpstream {
  readonly port: number;
  /** Every request whose body arrived, oldest first */
  readonly requests: readonly MirroredRequest[];
  /** Connections that were accepted since the start */
  readonly connections: number;
}

const encoders = {
  gzip: gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  zstd: zstdCompressSync,
} as const;

/**
 * Starts it on loopback; it ends with the test. The query of a request says what is wanted: `form` (name of a spelling),
 * `in` (`body`, `header`, `cookies`, `trailer`), `cut` (bytes of a piece), `coding` (sent whatever is accepted), and
 * `events` (pieces as an event stream). Without `form` it repeats head and body as they came.
 */
export async function startMirrorUpstream(
  scope: TestScope,
  certificate: UpstreamCertificate,
): Promise<MirrorUpstream> {
  const requests: MirroredRequest[] = [];
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createSecureServer(
    { allowHTTP1: true, cert: certificate.certificatePem, key: certificate.privateKeyPem },
    (incoming, response) => {
      receive(incoming)
        .then((request) => {
          requests.push(request);
          return answer(request, response);
        })
        .catch(() => response.stream.destroy());
    },
  );
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  scope.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    requests,
    get connections() {
      return connections;
    },
  };
}

async function receive(incoming: Http2ServerRequest): Promise<MirroredRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const { method = "", url = "/", rawHeaders, headers } = incoming;
  const host = (headers[":authority"] ?? headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  const body = Buffer.concat(chunks).toString("latin1");
  return { method, host, path: url, rawHeaders, headers, body };
}

async function answer(request: MirroredRequest, response: Http2ServerResponse): Promise<void> {
  const wanted = new URL(request.path, "https://mirror").searchParams;
  const spelling = spellings.find(({ name }) => name === wanted.get("form"));
  const text = spelling?.write(credentialOf(request)) ?? repeat(request);
  const place = wanted.get("in") ?? "body";
  if (place === "header") {
    response.setHeader("x-said", [text, "beside"]);
    response.setHeader("location", `https://elsewhere.test/?at=${text}`);
  }
  if (place === "cookies") response.setHeader("set-cookie", [`said=${text}`, "other=1"]);
  const body = place === "body" ? `before ${text} after` : "nothing here";
  await send(response, { body, wanted, accepted: request.headers["accept-encoding"] });
  if (place === "trailer") response.addTrailers({ "x-said": text });
  response.end();
}

interface Sent {
  readonly body: string;
  readonly wanted: URLSearchParams;
  readonly accepted: string | undefined;
}

async function send(
  response: Http2ServerResponse,
  { body, wanted, accepted = "none" }: Sent,
): Promise<void> {
  const isEvents = wanted.get("events") !== null;
  const coding = wanted.get("coding");
  const encoder = coding !== null && coding in encoders ? encoders[coding as "gzip"] : undefined;
  const framed = isEvents ? `data: ${body}\n\n` : body;
  const bytes = encoder === undefined ? Buffer.from(framed) : encoder(Buffer.from(framed));
  if (encoder !== undefined && coding !== null) response.setHeader("content-encoding", coding);
  response.setHeader("content-type", isEvents ? "text/event-stream" : "text/plain");
  response.setHeader("accepted", accepted);
  const cut = Number(wanted.get("cut") ?? 0);
  if (cut === 0) {
    if (wanted.get("in") !== "trailer") response.setHeader("content-length", bytes.length);
    response.write(bytes);
    return;
  }
  for (let at = 0; at < bytes.length; at += cut) {
    response.write(bytes.subarray(at, at + cut));
    await sleep(1);
  }
}

/** Whatever the request bears: a key in a header, inside Basic, or in the query. */
function credentialOf({ headers, path }: MirroredRequest): string {
  const { authorization = "", "x-upstream-key": own = "" } = headers;
  const [, scheme = "", token = ""] = /^(\w+) (.*)$/.exec(authorization) ?? [];
  const pair = scheme === "Basic" ? Buffer.from(token, "base64").toString("latin1") : "";
  const query = new URL(path, "https://mirror").searchParams.get("key") ?? "";
  return [own].flat()[0] || pair.slice(pair.indexOf(":") + 1) || token || query;
}

function repeat({ method, path, rawHeaders, body }: MirroredRequest): string {
  return `${method} ${path}\n${rawHeaders.join("\n")}\n\n${body}`;
}
