/** What answers say of requests, however they are cut. */
import t from "tap";
import { createAnswerReader } from "./mcp-answer-reader.ts";

function read(type: "json" | "stream", text: string, ids: readonly string[], size = text.length) {
  const mediaType = type === "json" ? "application/json" : "text/event-stream";
  const reader = createAnswerReader({ mediaType, coding: "" }, new Set(ids));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader?.write(bytes.subarray(at, at + size));
  reader?.end();
  return Object.fromEntries(reader?.results ?? []);
}

const ok = { outcome: "ok", code: null };
const toolError = { outcome: "tool-error", code: null };
const message = (id: unknown, more: object) => JSON.stringify({ jsonrpc: "2.0", id, ...more });

t.test("a plain answer says what became of its request", async (test) => {
  const cases = [
    [message(1, { result: { content: [] } }), ok],
    [message(1, { result: { content: [], isError: false } }), ok],
    [message(1, { result: { isError: true, content: [{ text: "isError" }] } }), toolError],
    [message(1, { result: { content: [{ isError: true }] } }), ok],
    [
      message(1, { error: { code: -32_602, message: "x" } }),
      { outcome: "rpc-error", code: -32_602 },
    ],
    [message(1, { error: { code: "odd", message: "x" } }), { outcome: "rpc-error", code: null }],
  ] as const;
  for (const [text, result] of cases) {
    for (let size = 1; size <= text.length; size += 7) {
      test.same(read("json", text, ["1"], size), { 1: result }, text);
    }
  }
});

t.test("an answer is of the request's own id", async (test) => {
  for (const text of [
    message(2, { result: {} }),
    message("1", { result: {} }),
    message(1, { method: "sampling/createMessage", params: {} }),
    message(null, { error: { code: 1, message: "x" } }),
    '{"id":1,"result":{',
    "x",
  ]) {
    test.same(read("json", text, ["1"]), {}, text);
  }
  test.same(read("json", message("1", { result: {} }), ['"1']), { '"1': ok });
});

t.test("an event stream may say other things before the answer", async (test) => {
  const stream = [
    'data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n',
    `data: ${message(1, { method: "elicitation/create" })}\n\n`,
    `event: message\r\nid: 4\r\ndata: ${message(1, { result: { isError: true } })}\r\n\r\n`,
    `data: ${message(2, { error: { code: -1, message: "no" } })}\n\n`,
    `data: ${message(1, { result: {} })}\n\n`,
    `data: ${message(3, { result: {} })}`,
  ].join("");
  for (let size = 1; size < stream.length; size += 11) {
    test.same(read("stream", stream, ["1", "2", "3"], size), {
      1: toolError,
      2: { outcome: "rpc-error", code: -1 },
    });
  }
});

t.test("an answer to a batch says it of each", async (test) => {
  const text = `[${message(1, { result: {} })},${message("a", { error: { code: 5, message: "x" } })},7]`;
  test.same(read("json", text, ["1", '"a', "9"], 5), {
    1: ok,
    '"a': { outcome: "rpc-error", code: 5 },
  });
  test.same(read("json", text + " ".repeat(300_000), ["1", '"a']), {}, "too long to be held");
});

t.test("createAnswerReader() reads nothing that says nothing", async (test) => {
  const ids = new Set(["1"]);
  const json = "application/json";
  test.equal(createAnswerReader({ mediaType: json, coding: "gzip" }, ids), undefined);
  test.equal(createAnswerReader({ mediaType: "text/html", coding: "" }, ids), undefined);
  test.equal(createAnswerReader({ mediaType: json, coding: "" }, new Set()), undefined);
});
