import t from "tap";
import { decodeAskedHead, encodeAskedHead } from "./asked-head.ts";
import { requestFor } from "./candidate-request.ts";
import type { Way } from "./call-choice.ts";
import { providers } from "../providers/registry.ts";
import type { SentParts } from "./testdata/routing.ts";
import { askedCall, candidate, chat, claude, sentRequest } from "./testdata/routing.ts";

type Pair = readonly [string, string];

/** The head that attempts read of a request to OpenAI that may go to the host itself and to Claude. */
function told(headers: readonly Pair[], parts: SentParts = {}) {
  const sent: SentParts = { body: chat(), headers, ...parts };
  const ways = [candidate(), claude()].flatMap((one): Way[] => {
    const outcome = requestFor(askedCall("openai", sent), one);
    return outcome.kind === "ok" ? [{ candidate: one, request: outcome.request }] : [];
  });
  return encodeAskedHead("tx1", sentRequest(sent), { ways, held: [] });
}

t.test("encodeAskedHead() tells what some attempt removes or sets, and nothing else", async (t) => {
  const headers: Pair[] = [
    ["openai-project", "p"],
    ["user-agent", "sdk"],
    ["content-type", "application/json; charset=utf-8"],
    ["accept-encoding", "gzip, br"],
  ];
  t.same(decodeAskedHead(told(headers, { path: "/v1/chat/completions?a=ü" })), {
    id: "tx1",
    path: "/v1/chat/completions?a=ü",
    headers: headers.filter(([name]) => name !== "user-agent"),
  });
});

t.test(
  "encodeAskedHead() tells the coding of the body and what an API needs, always",
  async (t) => {
    const headers: Pair[] = [
      ["content-encoding", "gzip"],
      ["anthropic-version", "2023-06-01"],
    ];
    const text = encodeAskedHead("tx1", sentRequest({ headers }), { ways: [], held: [] });
    t.same(decodeAskedHead(text)?.headers, headers);
  },
);

t.test("encodeAskedHead() tells no credential, but headers with placeholders", async (t) => {
  const headers: Pair[] = [
    ["authorization", "Bearer placeholder"],
    ["x-api-key", "sk-of-the-agent"],
    ["x-tool", "placeholder"],
  ];
  const text = encodeAskedHead("tx1", sentRequest({ headers }), {
    ways: [],
    held: ["authorization", "x-tool"],
  });
  t.same(decodeAskedHead(text)?.headers, [headers[0], headers[2]]);
});

t.test("encodeAskedHead() keeps every field of a list", async (t) => {
  const headers: Pair[] = [
    ["openai-beta", "a=v1"],
    ["openai-project", "p"],
    ["openai-beta", "b=v2"],
  ];
  t.same(decodeAskedHead(told(headers))?.headers, [
    ["openai-beta", "a=v1, b=v2"],
    ["openai-project", "p"],
  ]);
});

t.test("encodeAskedHead() never tells a credential, whoever's header it is", async (t) => {
  const names = new Set(providers.flatMap(({ credentialHeaders }) => credentialHeaders));
  const headers = [...names].map((name): Pair => [name, "of-the-agent"]);
  t.ok(headers.length > 5);
  const text = told(headers) ?? "lost";
  t.notMatch(Buffer.from(text, "base64url").toString(), /of-the-agent/);
  t.same(decodeAskedHead(text)?.headers, []);
});

t.test("encodeAskedHead() is a header's value, and none for a head that is too long", async (t) => {
  t.match(told([["openai-project", "日本\u{1f600}\n\u0000"]]), /^[\w-]+$/);
  const long = "x".repeat(50_000);
  t.equal(told([["openai-project", long]])?.length, undefined);
  t.equal(told([], { path: `/v1/chat/completions?${long}` })?.length, undefined);
  t.ok(told([["user-agent", long]]));
});

const strange: readonly (readonly [string, unknown])[] = [
  ["a number", 1],
  ["null", null],
  ["a list", []],
  ["no path", { id: "a", headers: [] }],
  ["an id that is no text", { id: 1, path: "/", headers: [] }],
  ["headers that are no list", { id: "a", path: "/", headers: {} }],
  ["headers that are no pairs", { id: "a", path: "/", headers: [["a"]] }],
  ["headers that are no texts", { id: "a", path: "/", headers: [["a", 1]] }],
];
for (const [name, value] of strange) {
  t.test(`decodeAskedHead() reads nothing in ${name}`, async (t) => {
    const text = Buffer.from(JSON.stringify(value)).toString("base64url");
    t.equal(decodeAskedHead(text), undefined);
  });
}

for (const text of [undefined, "", "-", "%DYNAMIC_METADATA(clrk:call)%", "bm8"]) {
  t.test(`decodeAskedHead() reads nothing in ${String(text)}`, async (t) => {
    t.equal(decodeAskedHead(text), undefined);
  });
}
