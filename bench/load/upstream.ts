/**
 * Fake TLS upstream of the benchmark, run as its own process: answers every request with the same
 * small JSON from one prebuilt buffer. Raw TLS sockets, because it must stay cheaper than what it tests.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:tls";
import type { Server, TLSSocket } from "node:tls";
import { createMessageReader } from "./message-reader.ts";
import { serveAndReport } from "./upstream-report.ts";

/** Path prefix under which a request must carry the credential, else it is answered 401. */
export const credentialRequiredPath = "/credential-required";

/** How the upstream is started: one JSON argument. */
export interface UpstreamOptions {
  /** Leaf and key, PEM files */
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Value of the `authorization` field that `credentialRequiredPath` wants */
  readonly authorization: string;
  /** Port to listen on; 0 or absent for any */
  readonly port?: number;
}

/** What the upstream has seen since it started; the answer to the IPC message "counts". */
export interface UpstreamCounts {
  readonly handshakes: number;
  readonly requests: number;
  /** Requests that carried the right credential */
  readonly credentialed: number;
}

const answered = httpAnswer(
  "200 OK",
  JSON.stringify({
    id: "msg_bench",
    type: "message",
    content: [{ type: "text", text: "A short answer, so that the proxy's own work shows." }],
    usage: { input_tokens: 512, output_tokens: 12 },
  }),
);
const refused = httpAnswer("401 Unauthorized", '{"error":"credential missing"}');

/** A server that is not listening yet, and its running counts. */
export function createUpstream(options: UpstreamOptions): {
  server: Server;
  counts(): UpstreamCounts;
} {
  let handshakes = 0;
  let requests = 0;
  let credentialed = 0;
  const wanted = `\r\nauthorization: ${options.authorization.toLowerCase()}`;
  const onRequest = (socket: TLSSocket, head: string) => {
    requests += 1;
    // Case is folded on both sides: contenders may send the field as "Authorization".
    const withCredential = head.toLowerCase().includes(wanted);
    if (withCredential) credentialed += 1;
    const path = head.slice(head.indexOf(" ") + 1);
    socket.write(withCredential || !path.startsWith(credentialRequiredPath) ? answered : refused);
  };
  const server = createServer(
    {
      cert: readFileSync(options.certificateFile),
      key: readFileSync(options.keyFile),
      ALPNProtocols: ["http/1.1"],
      noDelay: true,
    },
    (socket) => {
      handshakes += 1;
      const reader = createMessageReader((message) => onRequest(socket, message.head));
      socket.on("data", (chunk) => {
        try {
          if (typeof chunk !== "string") reader.push(chunk);
        } catch {
          socket.destroy(); // the load client counts the reset as a failure
        }
      });
      socket.on("error", () => socket.destroy());
    },
  );
  return { server, counts: () => ({ handshakes, requests, credentialed }) };
}

function httpAnswer(status: string, body: string): Buffer {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  return Buffer.from(`${head}\r\n\r\n${body}`);
}

function main() {
  const options: UpstreamOptions = JSON.parse(process.argv[2] ?? "{}");
  const { server, counts } = createUpstream(options);
  serveAndReport(server, counts, options.port);
}

if (import.meta.main) main();
