/**
 * Fake model API of `extproc`, run as its own process: plain HTTP, and every request says in a header field what it
 * wants to be answered: `json`, or `events COUNT GAP` with COUNT server-sent events GAP `ms` apart (0: one a turn of
 * the event loop). Raw sockets and prebuilt answers, because it must stay cheaper than what is tested.
 */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { openaiAnswers } from "./llm-answers.ts";
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
  else if (wanted.events === 0) socket.write(openaiAnswers.whole);
  else streamEvents(socket, wanted);
}

function streamEvents(socket: Socket, { events, gapMs }: Answer): void {
  const { delta, head, last } = openaiAnswers.streamed;
  let left = events;
  socket.write(head);
  const step = (): boolean => {
    if (socket.destroyed) return false;
    left -= 1;
    socket.write(left > 0 ? delta : last);
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

function main() {
  const { server, counts } = createPlainUpstream();
  serveAndReport(server, counts);
}

if (import.meta.main) main();
