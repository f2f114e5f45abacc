import t from "tap";
import { encodeAnswerHead, encodeReplacedAnswer, encodeWholeAnswer } from "./answer-replies.ts";
import { readReply, short } from "./testdata/playbook.ts";

const shown = (bytes: Buffer) => short([{ kind: "send", bytes }])[0];
const removed = "x-clrk-served";
const stream = {
  kind: "stream",
  set: [["content-type", "text/event-stream"]],
  remove: ["content-length"],
} as const;

const heads = [
  { name: "one that passes unread", shape: { kind: "pass" }, reads: false, mode: 0 },
  { name: "one that is read", shape: { kind: "pass" }, reads: true, mode: 1 },
  { name: "a stream", shape: stream, reads: false, mode: 1 },
  { name: "a whole one", shape: { kind: "whole" }, reads: true, mode: 2 },
] as const;
for (const { name, shape, reads, mode } of heads) {
  t.test(`encodeAnswerHead() asks Envoy for what is needed of ${name}`, async (t) => {
    const bytes = encodeAnswerHead({ shape, reads, isLast: false });
    t.match(shown(bytes), { reply: "responseHeaders", responseMode: mode });
    t.equal(
      readReply(bytes).responseHeaders?.response?.headerMutation?.removeHeaders.at(-1),
      removed,
    );
    const last = encodeAnswerHead({ shape, reads, isLast: true });
    t.equal(readReply(last).modeOverride, null, "of no body nothing is asked");
  });
}

t.test("encodeAnswerHead() changes the headers of a stream", async (t) => {
  t.match(shown(encodeAnswerHead({ shape: stream, reads: true, isLast: false })), {
    set: { "content-type": "text/event-stream" },
    remove: ["content-length", removed],
  });
});

const answer = {
  status: 429,
  body: Buffer.from('{"error":{}}'),
  set: [
    ["content-type", "application/json"],
    ["content-length", "12"],
    ["x-should-retry", "true"],
  ],
  remove: ["etag"],
  problem: null,
} as const;

t.test("encodeWholeAnswer() puts status, headers and body in the place of others", async (t) => {
  t.match(shown(encodeWholeAnswer(answer)), {
    reply: "responseBody",
    set: { ":status": "429", "content-length": "12", "x-should-retry": "true" },
    remove: ["etag"],
    text: '{"error":{}}',
  });
});

t.test(
  "encodeReplacedAnswer() ends the transaction with an answer, and keeps its id",
  async (t) => {
    const { immediateResponse, dynamicMetadata } = readReply(encodeReplacedAnswer(answer, "tx1"));
    t.equal(immediateResponse?.status?.code, 429);
    t.equal(Buffer.from(immediateResponse?.body ?? []).toString(), '{"error":{}}');
    t.same(
      immediateResponse?.headers?.setHeaders.map(({ header }) => header?.key),
      ["content-type", "x-should-retry"],
      "Envoy counts the length itself",
    );
    const fields = dynamicMetadata?.fields["clrk"]?.structValue?.fields;
    t.equal(fields?.["id"]?.stringValue, "tx1");
  },
);
