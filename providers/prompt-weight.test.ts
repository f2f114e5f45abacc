import t from "tap";
import { readObjectBody } from "./json-splice-body.ts";
import { measurePrompt, PromptReader } from "./prompt-weight.ts";

const measure = (body: unknown) => measurePrompt(Buffer.from(JSON.stringify(body)));

t.test("texts and names weigh, marks of JSON do not", async (test) => {
  const body = { model: "m", messages: [{ role: "user", content: "Tell me of the sea" }] };
  const { weight } = measure(body);
  const spaced = measurePrompt(Buffer.from(JSON.stringify(body, undefined, 8)));
  test.equal(spaced.weight, weight);
  const more = measure({ ...body, numbers: [1, 2.5, -3e7, true, null] }).weight;
  const key = measure({ ...body, numbers: [] }).weight;
  test.equal(((more ?? 0) - (key ?? 0)).toFixed(6), "5.000000", "each number or word is one");
  test.ok(weight !== null && weight > 7 && weight < 20, `${weight}`);
});

t.test("quotes and backslashes in strings end nothing", async (test) => {
  const { weight } = measure({ a: 'say "type" \\', b: '\\"image\\"', c: "\\\\" });
  test.ok(weight !== null && weight > 5 && weight < 25, `${weight}`);
});

t.test("what is no JSON is measured to its end", async (test) => {
  for (const text of ["", "{", '{"a', '{"a\\', '"', "[1,", '{"type":']) {
    test.doesNotThrow(() => measurePrompt(Buffer.from(text)));
  }
});

const media: readonly object[] = [
  { messages: [{ content: [{ type: "image_url", image_url: { url: "https://a.test" } }] }] },
  { input: [{ content: [{ type: "input_image", file_id: "f" }] }] },
  { messages: [{ content: [{ type: "input_audio", input_audio: { data: "" } }] }] },
  { messages: [{ content: [{ type: "image", source: { type: "base64", data: "" } }] }] },
  { messages: [{ content: [{ type: "document", source: {} }] }] },
  { messages: [{ content: [{ image: { format: "png", source: { bytes: "" } } }] }] },
  { contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: "" } }] }] },
  { contents: [{ parts: [{ file_data: { file_uri: "" } }] }] },
  { cachedContent: "cachedContents/1" },
  { previous_response_id: "resp_1" },
  { conversation: "conv_1" },
  { conversation: { id: "conv_1" } },
  { prompt: { id: "pmpt_1" } },
  { container: "c" },
  { tools: [{ type: "web_search_20250305", name: "web_search" }] },
  { tools: [{ googleSearch: {} }] },
  { mcp_servers: [] },
];

for (const body of media) {
  t.test(`of ${JSON.stringify(body)} the size says nothing`, async (test) => {
    test.equal(measure(body).weight, null);
    test.equal(measurePrompt(Buffer.from(JSON.stringify(body, undefined, 2))).weight, null);
  });
}

t.test("a name that hides behind an escape counts as one that says nothing", async (test) => {
  const body = Buffer.from('{"im\\u0061ge_url":{}}');
  test.equal(measurePrompt(body).weight, null);
});

const plain: readonly object[] = [
  { prompt: "Say image_url" },
  { messages: [{ role: "user", content: "image" }] },
  { messages: [{ content: [{ type: "text", text: "document" }] }] },
  {
    tools: [
      { input_schema: { properties: { file: { type: "string" }, image: { type: "string" } } } },
    ],
  },
  { metadata: { conversation: { title: "t" }, id: "x" } },
];

for (const body of plain) {
  t.test(`${JSON.stringify(body)} is all text`, async (test) => {
    test.not(measure(body).weight, null);
  });
}

t.test("a stream is asked for where the body says so", async (test) => {
  test.equal(measure({ stream: true }).asksStream, true);
  test.equal(measurePrompt(Buffer.from('{"stream" : true}')).asksStream, true);
  test.equal(measure({ stream: false }).asksStream, false);
  test.equal(measure({ messages: [{ content: '"stream":true' }] }).asksStream, false);
  test.equal(measure({ previous_response_id: "r", stream: true }).asksStream, true);
});

const bodies: readonly object[] = [
  ...media,
  ...plain,
  { model: "m", n: 1, top_p: 0.25, stop: null, logprobs: true, store: false, max: -3e7, list: [] },
  {
    messages: [{ role: "user", content: 'say "type" \\ and\nmore é 日本 😀 \u0001' }],
    stream: true,
  },
  { a: { b: [[{ c: "d" }, "e"], {}, 7] }, "": "" },
  { tools: [{ function: { name: "f", parameters: { type: "object", properties: { id: {} } } } }] },
];

t.test("a prompt that is measured while its body is read comes to the same", async (test) => {
  for (const body of bodies) {
    for (const space of [undefined, 2]) {
      const text = JSON.stringify(body, undefined, space);
      for (const bytes of [
        text,
        text.replaceAll("m", "\\u006d"),
        text.replaceAll("o", "\\u006f"),
      ]) {
        const buffer = Buffer.from(bytes);
        const reader = new PromptReader();
        test.equal(readObjectBody(buffer, reader).kind, "ok", bytes);
        test.strictSame(reader.measure, measurePrompt(buffer), bytes);
      }
    }
  }
});

t.test("of what is no JSON a reader of prompts changes nothing", async (test) => {
  const text = JSON.stringify(bodies);
  const body = Buffer.from(`{"all":${text}}`);
  for (let at = 0; at < body.length; at++) {
    for (const byte of [0, 0x22, 0x5c, 0x7d]) {
      const damaged = Buffer.from(body);
      damaged[at] = byte;
      const { kind } = readObjectBody(damaged, new PromptReader());
      if (kind !== readObjectBody(damaged).kind) test.fail(damaged.toString());
    }
  }
});
