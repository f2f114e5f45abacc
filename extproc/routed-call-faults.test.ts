/** Conversations with a provider whose codecs throw: each costs its own call, and nothing of what is thrown is told. */
import t from "tap";
import type { Test } from "tap";
import type { ChatCodec } from "../providers/codec.ts";
import { addProviders, resetProviders } from "../providers/registry.ts";
import { message, play, requestHeaders, responseHeaders } from "./testdata/playbook.ts";
import type { Playbook } from "./testdata/playbook.ts";
import {
  backendOf,
  chat,
  chatCodecOf,
  claudeAnswer,
  claudeStream,
  providerOf,
  routedRule,
  routedSession,
  routingPlan,
} from "./testdata/routing.ts";

const openaiChat = chatCodecOf("openai");
const secret = "what was thrown";
const boom = () => {
  throw new TypeError(secret);
};
const served = { "x-clrk-served": "cluster" };
const events = { "content-type": "text/event-stream", ...served };

/** A conversation between an agent of OpenAI's dialect, or of acme's, and the other one. */
function begin(
  test: Test,
  codec: Partial<ChatCodec>,
  setting: { readonly asks?: "acme"; readonly stream?: boolean } = {},
): Playbook {
  const own: ChatCodec = { ...chatCodecOf("anthropic"), name: "acme-chat", ...codec };
  const [api] = providerOf("anthropic").served ?? [];
  const operations = providerOf("openai").operations?.filter(
    ({ codec: one }) => one === openaiChat,
  );
  const problems = addProviders([
    {
      ...providerOf("anthropic"),
      name: "acme",
      aliases: [],
      hosts: [],
      served: api === undefined ? [] : [{ ...api, codec: own }],
      operations: (operations ?? []).map((one) => ({ ...one, codec: { ...openaiChat, ...codec } })),
    },
  ]);
  test.same(problems, []);
  test.teardown(resetProviders);
  const isAsked = setting.asks === "acme";
  const target = backendOf("backend", isAsked ? "anthropic" : "acme");
  const session = routedSession({
    routing: routingPlan(routedRule([target])),
    plan: { provider: isAsked ? "acme" : "openai" },
  });
  const body = JSON.stringify(chat({ stream: setting.stream === true }));
  return play(session, (found, wanted) => test.match(found, wanted))
    .in(requestHeaders())
    .in(message("request-body", { body, endOfStream: true }));
}

/** Nothing of what was thrown may be there, neither for the agent nor in the record. */
function checkSilence(test: Test, book: Playbook): void {
  const records = book.close().settled().records;
  test.equal(records.length, 1);
  test.notMatch(JSON.stringify([book.said, records]), secret);
}

const refused: readonly {
  readonly name: string;
  readonly codec: Partial<ChatCodec>;
  readonly asks?: "acme";
}[] = [
  { name: "decodeRequest()", codec: { decodeRequest: boom }, asks: "acme" },
  { name: "encodeRequest()", codec: { encodeRequest: boom } },
];
for (const { name, codec, ...setting } of refused) {
  t.test(`a request is refused when ${name} throws`, async (t) => {
    const book = begin(t, codec, setting).out({
      reply: "immediateResponse",
      status: 500,
      details: "clrk_denied{engine-failed}",
    });
    checkSilence(t, book);
  });
}

const unanswered: readonly {
  readonly name: string;
  readonly codec: Partial<ChatCodec>;
  readonly asks?: "acme";
}[] = [
  { name: "createStreamDecoder()", codec: { createStreamDecoder: boom } },
  { name: "createStreamEncoder()", codec: { createStreamEncoder: boom }, asks: "acme" },
];
for (const { name, codec, ...setting } of unanswered) {
  t.test(`a stream is a 502 before it begins when ${name} throws`, async (t) => {
    const book = begin(t, codec, { ...setting, stream: true })
      .in(responseHeaders(events))
      .out({ reply: "immediateResponse", status: 502, details: "clrk_denied{engine-failed}" });
    checkSilence(t, book);
  });
}

const wholeFaults: readonly {
  readonly name: string;
  readonly codec: Partial<ChatCodec>;
  readonly asks?: "acme";
}[] = [
  { name: "decodeResponse()", codec: { decodeResponse: boom } },
  { name: "encodeResponse()", codec: { encodeResponse: boom }, asks: "acme" },
];
for (const { name, codec, ...setting } of wholeFaults) {
  t.test(`an answer is a 502 of the agent's dialect when ${name} throws`, async (t) => {
    const book = begin(t, codec, setting)
      .in(responseHeaders(served))
      .in(message("response-body", { body: claudeAnswer, endOfStream: true }))
      .out({ set: { ":status": "502" }, text: /^\{"error":\{"message":"The gateway cannot give/ });
    checkSilence(t, book);
  });
}

t.test("an error is a 502 when decodeError() throws", async (t) => {
  const book = begin(t, { decodeError: boom })
    .in(responseHeaders({ ...served, ":status": "400" }))
    .in(message("response-body", { body: "{}", endOfStream: true }))
    .out({ set: { ":status": "502" }, text: /^\{"error":/ });
  checkSilence(t, book);
});

const streamFaults: readonly { readonly name: string; readonly codec: Partial<ChatCodec> }[] = [
  { name: "write()", codec: { createStreamDecoder: () => ({ write: boom, end: () => [] }) } },
  { name: "end()", codec: { createStreamDecoder: () => ({ write: () => [], end: boom }) } },
];
for (const { name, codec } of streamFaults) {
  t.test(`a stream ends with an error of the agent's dialect when ${name} throws`, async (t) => {
    const book = begin(t, codec, { stream: true })
      .in(responseHeaders(events))
      .in(message("response-body", { body: claudeStream, endOfStream: true }))
      .out({ text: /^data: \{"error":\{"message":"The gateway failed to translate the stream"/ });
    checkSilence(t, book);
  });
}
