/**
 * Fake model API of `extproc`, run as its own process: plain HTTP, and every request says in a header field what it
 * wants to be answered: `json`, or `events COUNT GAP` with COUNT server-sent events GAP `ms` apart (0: one a turn of
 * the event loop). Raw sockets and prebuilt answers, because it must stay cheaper than what is tested.
 */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { createMessageReader } from "./message-reader.ts";
import { answerHeader } from "./plain-workload.ts";
import type { UpstreamCounts } from "./upstream.ts";
import { serveAndReport } from "./upstream-report.ts";

/** What a request asks for. */
export interface Answer {
  /** 0: one JSON document */
  readonly events: number;
  readonly gapMs: number;
}

// An answer of 60 s with 20 events a second; a header field must not make us build more.
const maxEvents = 100_000;

/** Reads the value of the header field; undefined for anything else. */
export function tryParseAnswer(value: string): Answer | undefined {
  if (value === "json") return { events: 0, gapMs: 0 };
  const parts = /^events (\d{1,6}) (\d{1,5})$/.exec(value);
  const events = Number(parts?.[1] ?? 0);
  if (parts === null || events < 1 || events > maxEvents) return undefined;
  return { events, gapMs: Number(parts[2]) };
}

/** A server that is not listening yet, and its running counts. */
export function createPlainUpstream(): { server: Server; counts(): UpstreamCounts } {
  let connections = 0;
  let requests = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections += 1;
    const reader = createMessageReader(({ head }) => {
      requests += 1;
      answer(socket, tryParseAnswer(answerField(head)));
    });
    socket.on("data", (chunk) => {
      try {
        if (typeof chunk !== "string") reader.push(chunk);
      } catch {
        socket.destroy(); // the load client counts the reset as a failure
      }
    });
    socket.on("error", () => socket.destroy());
  });
  return { server, counts: () => ({ handshakes: connections, requests, credentialed: 0 }) };
}

function answerField(head: string): string {
  const at = head.indexOf(`\r\n${answerHeader}: `);
  if (at < 0) return "";
  const start = at + answerHeader.length + 4;
  const end = head.indexOf("\r\n", start);
  return head.slice(start, end < 0 ? undefined : end);
}

function answer(socket: Socket, wanted: Answer | undefined): void {
  if (wanted === undefined) socket.write(badRequest);
  else if (wanted.events === 0) socket.write(completion);
  else streamEvents(socket, wanted);
}

function streamEvents(socket: Socket, { events, gapMs }: Answer): void {
  let left = events;
  socket.write(streamHead);
  const step = (): boolean => {
    if (socket.destroyed) return false;
    left -= 1;
    socket.write(left > 0 ? deltaChunk : lastChunks);
    return left > 0;
  };
  if (gapMs === 0) {
    const turn = () => {
      if (step()) setImmediate(turn);
    };
    setImmediate(turn);
    return;
  }
  // At once, as a model's first token would come before the gap to its second.
  if (!step()) return;
  const timer = setInterval(() => {
    if (!step()) clearInterval(timer);
  }, gapMs);
}

const badRequest = Buffer.from("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");

const call = { id: "chatcmpl-bench-0123456789", created: 1_790_000_000, model: "gpt-4o-mini" };
const usage = { prompt_tokens: 512, completion_tokens: 200, total_tokens: 712 };

const completion = jsonAnswer({
  ...call,
  object: "chat.completion",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "An answer of a usual length. ".repeat(58) },
      finish_reason: "stop",
    },
  ],
  usage,
});

const streamHead = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
);

const deltaChunk = httpChunk(
  event({
    ...call,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta: { content: " token" }, finish_reason: null }],
  }),
);

const lastChunks = Buffer.concat([
  httpChunk(
    [
      event({
        ...call,
        object: "chat.completion.chunk",
        choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
      }),
      event({ ...call, object: "chat.completion.chunk", choices: [], usage }),
      "data: [DONE]\n\n",
    ].join(""),
  ),
  Buffer.from("0\r\n\r\n"),
]);

function jsonAnswer(content: object): Buffer {
  const body = JSON.stringify(content);
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  return Buffer.from(`${head}\r\n\r\n${body}`);
}

function event(content: object): string {
  return `data: ${JSON.stringify(content)}\n\n`;
}

function httpChunk(text: string): Buffer {
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
}

function main() {
  const { server, counts } = createPlainUpstream();
  serveAndReport(server, counts);
}

if (import.meta.main) main();
