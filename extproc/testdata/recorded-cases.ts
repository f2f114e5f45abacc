/**
 * Conversations with the real Envoy: what we answer, and what becomes of the transaction then. They were recorded by
 * `bench/harness/record-ext-proc.ts` into `recorded/`; tests read the messages again and make the same answers.
 */
import { encodeImmediateResponse } from "../immediate-response.ts";
import { decodeProcessingRequest } from "../messages.ts";
import {
  continueReplies,
  encodeBodyChunk,
  encodeBodyReply,
  encodeHeadersReply,
  encodeTrailersReply,
} from "../mutation.ts";
import { decodeNetworkRequest, encodeNetworkReply } from "../network-messages.ts";
import type { Phase, TransactionMessage } from "../transaction-message.ts";

/** One direction of an exchange. */
export interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, string>>;
}

/** What a client and an upstream saw, headers with prefix `x-case-` only. */
export interface Outcome extends Received {
  readonly status: number;
  /** Null when nothing came there */
  readonly upstream: Received | null;
  /** Dynamic metadata `clrk:id` and response code details in Envoy's access log */
  readonly log: { readonly id: string; readonly details: string };
}

/** One conversation. */
export interface RecordedCase {
  readonly name: string;
  /** Our answer to one message of Envoy */
  readonly reply: (bytes: Buffer) => Buffer;
  /** Phases that Envoy tells, without repetitions */
  readonly phases: readonly (Phase | "read" | "write")[];
  readonly outcome: Outcome;
}

type Answers = Partial<Record<Phase, (message: TransactionMessage) => Buffer>>;

/** Answers by phase, and lets pass what has none. */
function answering(answers: Answers): RecordedCase["reply"] {
  return (bytes) => {
    const message = decodeProcessingRequest(bytes, 0, bytes.length);
    return answers[message.phase]?.(message) ?? continueReplies[message.phase];
  };
}

const unchanged: Outcome = {
  status: 200,
  headers: { "x-case-kept": "answer" },
  body: "answer",
  trailers: {},
  upstream: {
    headers: { "x-case-sent": "request", "x-case-gone": "request" },
    body: "question",
    trailers: {},
  },
  log: { id: "-", details: "via_upstream" },
};
const upperCase = ({ body }: TransactionMessage) => Buffer.from(body.toString().toUpperCase());

/** Every conversation with the HTTP filter, and one with the network filter. */
export const recordedCases: readonly RecordedCase[] = [
  {
    name: "headers",
    reply: answering({
      "request-headers": () =>
        encodeHeadersReply("request-headers", {
          set: [
            [":path", "/changed?a=1"],
            ["x-case-sent", "grüße"],
            ["x-case-empty", ""],
          ],
          remove: ["x-case-gone"],
          transactionId: "recorded-1",
        }),
      "response-headers": ({ headers }) =>
        encodeHeadersReply("response-headers", {
          set: [["x-case-status", headers.find(":status") ?? "none"]],
          remove: ["x-case-kept"],
        }),
    }),
    phases: ["request-headers", "response-headers"],
    outcome: {
      ...unchanged,
      headers: { "x-case-status": "200" },
      log: { id: "recorded-1", details: "via_upstream" },
      upstream: {
        headers: {
          "x-case-path": "/changed?a=1",
          "x-case-sent": "grüße",
          "x-case-empty": "",
        },
        body: "question",
        trailers: {},
      },
    },
  },
  {
    name: "unchanged",
    reply: answering({}),
    phases: ["request-headers", "request-body", "response-headers", "response-body"],
    outcome: unchanged,
  },
  {
    name: "buffered",
    reply: answering({
      "request-body": (message) =>
        encodeBodyReply("request-body", {
          body: upperCase(message),
          set: [["x-case-sent", "at the body"]],
          remove: ["x-case-gone"],
          transactionId: "recorded-2",
        }),
      // Envoy refuses a body of another length than was announced.
      "response-headers": () =>
        encodeHeadersReply("response-headers", { set: [], remove: ["content-length"] }),
      "response-body": () => encodeBodyReply("response-body", { body: Buffer.alloc(0) }),
    }),
    phases: ["request-headers", "request-body", "response-headers", "response-body"],
    outcome: {
      ...unchanged,
      log: { id: "recorded-2", details: "via_upstream" },
      body: "",
      upstream: { headers: { "x-case-sent": "at the body" }, body: "QUESTION", trailers: {} },
    },
  },
  {
    name: "streamed",
    reply: answering({
      "request-body": (message) => encodeBodyReply("request-body", { body: upperCase(message) }),
      "request-trailers": () =>
        encodeTrailersReply("request-trailers", { set: [["x-case-end", "1"]], remove: [] }),
      "response-body": (message) => encodeBodyReply("response-body", { body: upperCase(message) }),
      "response-trailers": () =>
        encodeTrailersReply("response-trailers", {
          set: [["x-case-end", "2"]],
          remove: ["x-case-trailer"],
        }),
    }),
    phases: [
      "request-headers",
      "request-body",
      "request-trailers",
      "response-headers",
      "response-body",
      "response-trailers",
    ],
    outcome: {
      ...unchanged,
      body: "ANSWER",
      trailers: { "x-case-end": "2" },
      upstream: {
        headers: { "x-case-sent": "request", "x-case-gone": "request" },
        body: "QUESTION",
        trailers: { "x-case-trailer": "question", "x-case-end": "1" },
      },
    },
  },
  {
    name: "full-duplex",
    reply: answering({
      "request-body": (message) =>
        encodeBodyChunk("request-body", {
          body: upperCase(message),
          endOfStream: message.endOfStream,
        }),
      "response-body": (message) =>
        encodeBodyChunk("response-body", {
          body: upperCase(message),
          endOfStream: message.endOfStream,
        }),
    }),
    phases: [
      "request-headers",
      "request-body",
      "request-trailers",
      "response-headers",
      "response-body",
      "response-trailers",
    ],
    outcome: {
      ...unchanged,
      body: "ANSWER",
      trailers: { "x-case-trailer": "answer" },
      upstream: {
        headers: { "x-case-sent": "request", "x-case-gone": "request" },
        body: "QUESTION",
        trailers: { "x-case-trailer": "question" },
      },
    },
  },
  {
    name: "mode-override",
    reply: answering({
      "request-headers": () =>
        encodeHeadersReply("request-headers", {
          set: [],
          remove: [],
          mode: { request: "buffered", response: "streamed" },
        }),
      "response-headers": () =>
        encodeHeadersReply("response-headers", {
          set: [],
          remove: [],
          mode: { request: "none", response: "none" },
        }),
    }),
    phases: ["request-headers", "request-body", "response-headers"],
    outcome: unchanged,
  },
  {
    name: "attributes",
    reply: answering({}),
    phases: ["request-headers", "response-headers"],
    outcome: unchanged,
  },
  {
    name: "immediate",
    reply: answering({
      "request-headers": () =>
        encodeImmediateResponse({
          status: 429,
          headers: [["x-case-answer", "grüße"]],
          body: "Refused: grüße",
          details: "clrk_denied{rate-limit}",
          transactionId: "recorded-3",
        }),
    }),
    phases: ["request-headers"],
    outcome: {
      status: 429,
      headers: { "x-case-answer": "grüße" },
      body: "Refused: grüße",
      trailers: {},
      upstream: null,
      log: { id: "recorded-3", details: "clrk_denied{rate-limit}" },
    },
  },
  {
    name: "network",
    reply: (bytes) => encodeNetworkReply(decodeNetworkRequest(bytes, 0, bytes.length)),
    phases: ["read", "write"],
    outcome: unchanged,
  },
];
