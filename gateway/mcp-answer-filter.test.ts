import t from "tap";
import type { McpAnswerFilter } from "./mcp-answer-filter.ts";
import { createPlainFilter, createStreamFilter } from "./mcp-answer-filter.ts";

const shows = (kind: string, name: string) => !name.startsWith(`no-${kind}`);

function pass(filter: McpAnswerFilter, text: string, size = text.length): string {
  const bytes = Buffer.from(text);
  const passed: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    passed.push(Buffer.from(filter.write(bytes.subarray(at, at + size))));
  }
  return Buffer.concat([...passed, filter.end()]).toString();
}

const answer = (result: object) => JSON.stringify({ jsonrpc: "2.0", id: 1, result });
const tools = (...names: readonly string[]) => answer({ tools: names.map((name) => ({ name })) });

t.test("createPlainFilter() takes out what is not shown, and nothing else", async (test) => {
  const plain = (text: string) => pass(createPlainFilter(shows), text, 7);
  test.equal(plain(tools("a", "no-tool", "b")), tools("a", "b"));
  test.equal(
    plain(answer({ resources: [{ uri: "no-resource:1" }, { uri: "u:1" }], nextCursor: "x" })),
    answer({ resources: [{ uri: "u:1" }], nextCursor: "x" }),
  );
  test.equal(
    plain(answer({ resourceTemplates: [{ uriTemplate: "no-resource:{x}" }] })),
    answer({ resourceTemplates: [] }),
  );
  test.equal(plain(answer({ prompts: [{ name: "no-prompt" }] })), answer({ prompts: [] }));
  test.equal(plain(`[${tools("no-tool")},${tools("a")}]`), `[${tools()},${tools("a")}]`);
  const untouched = ` ${tools("a")}\n`;
  test.equal(plain(untouched), untouched);
  test.equal(plain(""), "");
});

t.test("createPlainFilter() keeps the digits of what stays", async (test) => {
  const text =
    '{"id":9007199254740993,"result":{"tools":[{"name":"no-tool"},{"name":"a","x":1e400}]}}';
  test.equal(
    pass(createPlainFilter(shows), text),
    '{"id":9007199254740993,"result":{"tools":[{"name":"a","x":1e400}]}}',
  );
});

t.test("createPlainFilter() gives no answer on that it cannot read", async (test) => {
  for (const text of ["{", `${tools("no-tool")}x`, "x".repeat(9 * 1024 * 1024)]) {
    const passed = pass(createPlainFilter(shows), text, 1_000_000);
    test.match(JSON.parse(passed), { error: { message: /cannot read/ } });
  }
});

t.test("createStreamFilter() changes the same events however they are cut", async (test) => {
  const other =
    'event: message\nid: 1\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n';
  const stream = [
    ": hello\n\n",
    other,
    `event: message\r\nid: 2\r\ndata: ${tools("a", "no-tool")}\r\n\r\n`,
    `data: {"jsonrpc":"2.0","id":1,\ndata: "result":{"tools":[{"name":"no-tool"}]}}\n\n`,
    "data: not JSON\n\n",
  ].join("");
  const wanted = [
    ": hello\n\n",
    other,
    `event: message\nid: 2\ndata: ${tools("a")}\n\n`,
    `data: ${tools()}\n\n`,
    "data: not JSON\n\n",
  ].join("");
  for (let size = 1; size < stream.length; size += 5) {
    test.equal(
      pass(createStreamFilter(shows), stream, size).replaceAll("\n\n\n", "\n\n"),
      wanted,
      `${size}`,
    );
  }
});

t.test("createStreamFilter() reads an event that the stream's end cuts off", async (test) => {
  test.equal(pass(createStreamFilter(shows), `data: ${tools("no-tool")}`), `data: ${tools()}\n\n`);
});

t.test("createStreamFilter() leaves out what is too long to be read", async (test) => {
  const long = `data: ${tools("no-tool")}${" ".repeat(9 * 1024 * 1024)}\n\n`;
  test.equal(pass(createStreamFilter(shows), `${long}data: 1\n\n`, 65_536), "data: 1\n\n");
});
