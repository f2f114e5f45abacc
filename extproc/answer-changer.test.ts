/** Tests of answers on their way back, with codecs that throw wherever they can. */
import t from "tap";
import type { ChatCodec } from "../providers/codec.ts";
import { AnswerChanger } from "./answer-changer.ts";
import type { AnswerChange } from "./candidate-request.ts";
import { headerView } from "./testdata/playbook.ts";
import {
  askedCall,
  chat,
  chatCodecOf,
  chatStream,
  claudeAnswer,
  claudeStream,
} from "./testdata/routing.ts";

const secret = "what was sent";
const boom = () => {
  throw new Error(secret);
};

/** What becomes of an answer of Anthropic's dialect to a request in OpenAI's, with codecs changed as told. */
function changeOf(
  body: object,
  changes: { readonly asked?: Partial<ChatCodec>; readonly served?: Partial<ChatCodec> } = {},
): AnswerChange {
  const decoded = askedCall("openai", { body }).decoded;
  if (decoded?.kind !== "ok" || decoded.call.operation !== "chat") {
    throw new TypeError("Cannot change answer: the request is none");
  }
  const codec: ChatCodec = { ...chatCodecOf("openai"), ...changes.asked };
  const served: ChatCodec = { ...chatCodecOf("anthropic"), ...changes.served };
  return { kind: "translate", call: { ...decoded.call, codec }, served };
}

const json = { ":status": "200", "content-type": "application/json" };
const events = { ":status": "200", "content-type": "Text/Event-Stream; charset=utf-8" };

function whole(change: AnswerChange, headers: Readonly<Record<string, string>>, body: string) {
  const changer = new AnswerChanger(change);
  const shape = changer.onHeaders(headerView(headers), false);
  const answer = changer.onWhole(Buffer.from(body));
  return { shape: shape.kind, status: answer?.status, text: answer?.body.toString() ?? "as it is" };
}

function streamed(change: AnswerChange, pieces: readonly string[]): string {
  const changer = new AnswerChanger(change);
  if (changer.onHeaders(headerView(events), false).kind !== "stream") return "no stream";
  const sent = pieces.map((piece, index) =>
    changer.onPiece(Buffer.from(piece), index === pieces.length - 1),
  );
  return Buffer.concat(sent).toString();
}

t.test("onHeaders() lets what is not to be changed pass", async (t) => {
  const changer = new AnswerChanger({ kind: "none" });
  t.same(changer.onHeaders(headerView(json), false), { kind: "pass" });
  t.equal(changer.onPiece(Buffer.from("a"), false).toString(), "a");
  t.equal(changer.onWhole(Buffer.from("a")), undefined);
});

const unfiltered = [
  { name: "an error", headers: { ...events, ":status": "429" } },
  { name: "a plain answer", headers: json },
  { name: "a compressed stream", headers: { ...events, "content-encoding": "br" } },
];
for (const { name, headers } of unfiltered) {
  t.test(`onHeaders() filters no usage out of ${name}`, async (t) => {
    const changer = new AnswerChanger({ kind: "filter" });
    t.same(changer.onHeaders(headerView(headers), false), { kind: "pass" });
  });
}

t.test("onPiece() filters a stream whose coding is none by name", async (t) => {
  for (const coding of ["", "identity", "Identity"]) {
    const changer = new AnswerChanger({ kind: "filter" });
    const headers = headerView({ ...events, "content-encoding": coding });
    t.match(changer.onHeaders(headers, false), { kind: "stream", remove: ["content-length"] });
    const sent = changer.onPiece(Buffer.from(chatStream({ usage: true })), true);
    t.equal(sent.toString(), chatStream({ usage: false }));
  }
});

t.test("onPiece() gives on what a filter holds when the stream ends in mid-event", async (t) => {
  const changer = new AnswerChanger({ kind: "filter" });
  changer.onHeaders(headerView(events), false);
  t.equal(changer.onPiece(Buffer.from("data: {"), false).toString(), "");
  t.equal(changer.onPiece(Buffer.alloc(0), true).toString(), "data: {");
});

t.test("onPiece() writes the same for every cut of a stream", async (t) => {
  const change = () => changeOf(chat({ stream: true }));
  const wanted = streamed(change(), [claudeStream]);
  t.match(wanted, /\[DONE\]\n\n$/);
  for (let cut = 0; cut <= claudeStream.length; cut += 7) {
    const pieces = [claudeStream.slice(0, cut), claudeStream.slice(cut), ""];
    t.equal(streamed(change(), pieces), wanted, `cut at ${cut}`);
  }
});

t.test("onPiece() writes nothing after the end", async (t) => {
  const changer = new AnswerChanger(changeOf(chat({ stream: true })));
  changer.onHeaders(headerView(events), false);
  changer.onPiece(Buffer.from(claudeStream), true);
  t.equal(changer.onPiece(Buffer.from(claudeStream), true).length, 0);
});

const streamFaults: readonly { readonly name: string; readonly served: Partial<ChatCodec> }[] = [
  {
    name: "write() of the decoder",
    served: { createStreamDecoder: () => ({ write: boom, end: () => [] }) },
  },
  {
    name: "end() of the decoder",
    served: { createStreamDecoder: () => ({ write: () => [], end: boom }) },
  },
];
for (const { name, served } of streamFaults) {
  t.test(
    `onPiece() ends the stream with an error of the dialect when ${name} throws`,
    async (t) => {
      const text = streamed(changeOf(chat({ stream: true }), { served }), [
        claudeStream,
        "more",
        "",
      ]);
      t.match(text, /^data: \{"error":\{"message":"The gateway failed to translate the stream"/);
      t.equal(text.match(/"error"/g)?.length, 1, "once");
      t.notMatch(text, secret);
    },
  );
}

t.test("onPiece() ends the stream without a word when nothing can be written", async (t) => {
  const asked = {
    createStreamEncoder: () => ({ contentType: "text/event-stream", write: boom }),
  };
  t.equal(streamed(changeOf(chat({ stream: true }), { asked }), [claudeStream, ""]), "");
});

const wholeFaults: readonly {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly asked?: Partial<ChatCodec>;
  readonly served?: Partial<ChatCodec>;
}[] = [
  { name: "decodeResponse()", headers: json, served: { decodeResponse: boom } },
  { name: "encodeResponse()", headers: json, asked: { encodeResponse: boom } },
  { name: "decodeError()", headers: { ...json, ":status": "429" }, served: { decodeError: boom } },
];
for (const { name, headers, ...codecs } of wholeFaults) {
  t.test(`onWhole() is an error of the dialect when ${name} throws`, async (t) => {
    const answer = whole(changeOf(chat(), codecs), headers, claudeAnswer);
    t.match(answer, { shape: "whole", status: 502 });
    t.match(JSON.parse(answer.text), { error: { code: "clrk_upstream_malformed" } });
    t.notMatch(answer.text, secret);
  });
}

t.test("onWhole() is an error of nobody's dialect when encodeError() throws", async (t) => {
  const change = changeOf(chat(), { asked: { encodeError: boom } });
  for (const headers of [json, { ...json, ":status": "500" }]) {
    const answer = whole(change, headers, "<html>");
    t.equal(answer.status, 502);
    t.match(JSON.parse(answer.text), {
      error: { message: /cannot give the provider's answer on/ },
    });
  }
});

t.test("onHeaders() throws what a codec throws, before anything has begun", async (t) => {
  for (const codecs of [
    { served: { createStreamDecoder: boom } },
    { asked: { createStreamEncoder: boom } },
  ]) {
    const changer = new AnswerChanger(changeOf(chat({ stream: true }), codecs));
    t.throws(() => changer.onHeaders(headerView(events), false));
  }
});

t.test("onWhole() survives an answer that nests 100,000 levels", async (t) => {
  const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
  for (const content of [
    `{"type":"tool_use","id":"toolu_1","name":"f","input":${deep}}`,
    `{"type":"text","text":${deep}}`,
  ]) {
    const body = claudeAnswer.replace('{"type":"text","text":"Hi"}', content);
    const { status, text } = whole(changeOf(chat()), json, body);
    t.ok(status === 200 || status === 502, `${status}`);
    t.match(text, /^\{"/);
  }
});

t.test("onWhole() gives the length of the bytes, not of the text", async (t) => {
  const changer = new AnswerChanger(changeOf(chat()));
  changer.onHeaders(headerView(json), false);
  const answer = changer.onWhole(Buffer.from(claudeAnswer.replace("Hi", "日本\u{1f600}")));
  const length = new Map(answer?.set).get("content-length");
  t.equal(length, String(answer?.body.length));
  t.match(answer?.body.toString(), "日本\u{1f600}");
});
