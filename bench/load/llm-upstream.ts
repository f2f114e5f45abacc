/**
 * Fake model APIs of `llm`, run as a process of their own: OpenAI's chat completions and Anthropic's messages, whole or
 * streamed as the request's body asks, over TLS or without. Raw sockets and prebuilt answers, because it must stay
 * cheaper than what is tested.
 */
import { readFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:net";
import type { Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { anthropicAnswers, brokenPath, jsonAnswer, openaiAnswers } from "./llm-answers.ts";
import type { ModelAnswers } from "./llm-answers.ts";
import { createMessageReader } from "./message-reader.ts";
import type { UpstreamCounts } from "./upstream.ts";
import { serveAndReport } from "./upstream-report.ts";

/** How the process is started: one JSON argument. */
export interface ModelUpstreamOptions {
  /** Pieces of a streamed answer, written in as many turns of the event loop; at least 3 */
  readonly events: number;
  /** Leaf and key, PEM files; absent: no TLS */
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
}

// Written by JSON.stringify, and by Python's json.dumps.
const streamMarks = [Buffer.from('"stream":true'), Buffer.from('"stream": true')];
const markBytes = Math.max(...streamMarks.map(({ length }) => length)) - 1;
const nothing = Buffer.alloc(0);

const brokenStart = `POST ${brokenPath}/`;

const apis = [openaiAnswers, anthropicAnswers].map((answers) => {
  const { header, value } = answers.credential;
  return {
    answers,
    start: `POST ${answers.path} `,
    credential: `\r\n${header}: ${value}`.toLowerCase(),
  };
});

/** Whether one of several pieces of a body asks for a stream; the mark may be cut by pieces. */
export class StreamWish {
  #tail: Buffer = nothing;
  #isFound = false;

  /** Reads the next piece. */
  read(chunk: Buffer): void {
    if (this.#isFound) return;
    const seam =
      this.#tail.length === 0 ? nothing : Buffer.concat([this.#tail, chunk.subarray(0, markBytes)]);
    this.#isFound = streamMarks.some((mark) => chunk.includes(mark) || seam.includes(mark));
    this.#tail =
      chunk.length >= markBytes
        ? chunk.subarray(-markBytes)
        : Buffer.concat([this.#tail, chunk]).subarray(-markBytes);
  }

  /** Tells it and forgets what was read. */
  take(): boolean {
    const isFound = this.#isFound;
    this.#isFound = false;
    this.#tail = nothing;
    return isFound;
  }
}

/** A server that is not listening yet, and its running counts. */
export function createModelUpstream(options: ModelUpstreamOptions): {
  server: Server;
  counts(): UpstreamCounts;
} {
  const { events, tls } = options;
  let handshakes = 0;
  let requests = 0;
  let credentialed = 0;
  const onRequest = (socket: Socket, head: string, isStream: boolean) => {
    requests += 1;
    if (head.startsWith(brokenStart)) {
      socket.write(unavailable);
      return;
    }
    const api = apis.find(({ start }) => head.startsWith(start));
    if (api === undefined) {
      socket.write(notFound);
      return;
    }
    // Case is folded on both sides: contenders may send the field as "Authorization".
    if (!head.toLowerCase().includes(api.credential)) {
      socket.write(unauthorized);
      return;
    }
    credentialed += 1;
    if (isStream) streamAnswer(socket, api.answers, events);
    else socket.write(api.answers.whole);
  };
  const onConnection = (socket: Socket) => {
    handshakes += 1;
    const wish = new StreamWish();
    const reader = createMessageReader(({ head }) => onRequest(socket, head, wish.take()));
    socket.on("data", (chunk) => {
      if (typeof chunk === "string") return;
      try {
        wish.read(chunk);
        reader.push(chunk);
      } catch {
        socket.destroy(); // the load client counts the reset as a failure
      }
    });
    socket.on("error", () => socket.destroy());
  };
  const server =
    tls === undefined
      ? createPlainServer({ noDelay: true }, onConnection)
      : createTlsServer(
          {
            cert: readFileSync(tls.certificateFile),
            key: readFileSync(tls.keyFile),
            ALPNProtocols: ["http/1.1"],
            noDelay: true,
          },
          onConnection,
        );
  return { server, counts: () => ({ handshakes, requests, credentialed }) };
}

function streamAnswer(socket: Socket, { streamed }: ModelAnswers, events: number): void {
  const { delta, first, head, last } = streamed;
  socket.cork();
  socket.write(head);
  socket.write(first);
  socket.uncork();
  let left = events - 1;
  const turn = () => {
    if (socket.destroyed) return;
    left -= 1;
    socket.write(left > 0 ? delta : last);
    if (left > 0) setImmediate(turn);
  };
  setImmediate(turn);
}

const notFound = jsonAnswer({ error: { message: "No such call" } }, "404 Not Found");
const unavailable = jsonAnswer({ error: { message: "Down" } }, "503 Service Unavailable");
const unauthorized = jsonAnswer({ error: { message: "Credential missing" } }, "401 Unauthorized");

function main() {
  const options: ModelUpstreamOptions = JSON.parse(process.argv[2] ?? "{}");
  const { server, counts } = createModelUpstream(options);
  serveAndReport(server, counts);
}

if (import.meta.main) main();
