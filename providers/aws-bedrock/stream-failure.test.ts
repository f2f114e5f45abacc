import t from "tap";
import type { EventStreamHeaderValue } from "../aws-event-stream-headers.ts";
import type { EventStreamMessage } from "../aws-event-stream.ts";
import { EventStreamReader, encodeEventStreamMessage, textHeader } from "../aws-event-stream.ts";
import {
  brokenStream,
  decodeStreamFailure,
  encodeMessageHeaders,
  encodeStreamFailure,
} from "./stream-failure.ts";
import { exceptionFrame, frame } from "./testdata/converse-calls.ts";

function read<T>(bytes: Buffer, take: (message: EventStreamMessage) => T): T[] {
  const taken: T[] = [];
  const reader = new EventStreamReader((message) => taken.push(take(message)));
  reader.write(bytes);
  if (reader.problem !== undefined) throw new Error(reader.problem);
  return taken;
}

t.test("decodeStreamFailure() reads an exception", async (t) => {
  const bytes = exceptionFrame("throttlingException", { message: "Too fast" });
  t.same(read(bytes, decodeStreamFailure), [
    { status: 429, kind: "rate-limit", message: "Too fast", code: "ThrottlingException" },
  ]);
});

t.test("decodeStreamFailure() reads an exception whose payload is no JSON", async (t) => {
  t.same(read(exceptionFrame("validationException", "oops"), decodeStreamFailure), [
    {
      status: 400,
      kind: "invalid-request",
      message: "The provider broke off with ValidationException",
      code: "ValidationException",
    },
  ]);
});

t.test("decodeStreamFailure() reads an error that is none of the API's", async (t) => {
  const text = (value: string): EventStreamHeaderValue => ({ kind: "string", value });
  const headers = new Map([
    [":message-type", text("error")],
    [":error-code", text("InternalFailure")],
    [":error-message", text("It broke")],
  ]);
  t.same(read(encodeEventStreamMessage({ headers, payload: "" }), decodeStreamFailure), [
    { status: 500, kind: "server", message: "It broke", code: "InternalFailure" },
  ]);
});

t.test("decodeStreamFailure() takes an event for none", async (t) => {
  t.same(read(frame("messageStart", { role: "assistant" }), decodeStreamFailure), [null]);
});

t.test("encodeStreamFailure() writes what decodeStreamFailure() reads", async (t) => {
  const error = { status: 503, kind: "overloaded", message: "Busy", code: null } as const;
  t.same(read(encodeStreamFailure(error), decodeStreamFailure), [
    { ...error, code: "ServiceUnavailableException" },
  ]);
});

t.test("encodeMessageHeaders() names the type, and JSON", async (t) => {
  for (const [message, name] of [
    ["event", "chunk"],
    ["exception", "validationException"],
  ] as const) {
    const headers = encodeMessageHeaders(message, name);
    const found = read(encodeEventStreamMessage({ headers, payload: "{}" }), (one) => [
      textHeader(one, `:${message}-type`),
      textHeader(one, ":content-type"),
      textHeader(one, ":message-type"),
      one.headers.size,
    ]);
    t.same(found, [[name, "application/json", message, 3]]);
  }
});

t.test("brokenStream() is a failure of the server's", async (t) => {
  t.same(brokenStream("it ended early"), {
    status: 502,
    kind: "server",
    message: "The provider's stream is broken: it ended early",
    code: null,
  });
});
