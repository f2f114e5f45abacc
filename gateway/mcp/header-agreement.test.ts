import t from "tap";
import { findDisagreement, hasBatches, isRevisionKnown } from "./header-agreement.ts";
import type { McpMessage } from "./message.ts";

type Headers = Readonly<Record<string, string | readonly string[]>>;

function valuesOf(headers: Headers) {
  return (name: string) => [headers[name] ?? []].flat();
}

const call: McpMessage = {
  kind: "request",
  id: "1",
  method: "tools/call",
  subjects: [{ kind: "tool", name: "sü" }],
  arguments: null,
  cancels: null,
  revision: null,
};
const modern = { "mcp-protocol-version": "2026-07-28" };
const encoded = `=?base64?${Buffer.from("sü").toString("base64")}?=`;

const cases: readonly (readonly [
  name: string,
  message: Partial<McpMessage>,
  headers: Headers,
  clause: string | undefined,
])[] = [
  ["nothing is repeated", {}, {}, undefined],
  ["everything agrees", {}, { ...modern, "mcp-method": "tools/call", "mcp-name": "sü" }, undefined],
  [
    "a name is encoded",
    {},
    { ...modern, "mcp-method": "tools/call", "mcp-name": encoded },
    undefined,
  ],
  [
    "a name is badly encoded",
    {},
    { "mcp-name": "=?base64?c3!?=" },
    "header mcp-name is not what the body names",
  ],
  [
    "another method",
    {},
    { "mcp-method": "tools/list" },
    "header mcp-method is not the method of the body",
  ],
  ["another name", {}, { "mcp-name": "ok" }, "header mcp-name is not what the body names"],
  [
    "a name of nothing",
    { method: "ping", subjects: [] },
    { "mcp-name": "ok" },
    "header mcp-name is not what the body names",
  ],
  ["a header twice", {}, { "mcp-name": ["sü", "ok"] }, "a header that may come once comes twice"],
  [
    "revisions differ",
    { revision: "2026-07-28" },
    { "mcp-protocol-version": "2025-06-18" },
    "header mcp-protocol-version is not what params._meta says",
  ],
  ["no method where it is wanted", {}, modern, "header mcp-method is missing"],
  [
    "no name where it is wanted",
    {},
    { ...modern, "mcp-method": "tools/call" },
    "header mcp-name is missing",
  ],
  [
    "no version where it is wanted",
    { revision: "2026-07-28" },
    { "mcp-method": "tools/call", "mcp-name": "sü" },
    "header mcp-protocol-version is missing",
  ],
  [
    "no name of a list",
    { method: "tools/list", subjects: [] },
    { ...modern, "mcp-method": "tools/list" },
    undefined,
  ],
  ["an older revision without", {}, { "mcp-protocol-version": "2025-11-25" }, undefined],
  [
    "a response with a method",
    { kind: "response", method: "", subjects: [] },
    { "mcp-method": "x" },
    "a response has a header of requests",
  ],
  ["a response", { kind: "response", method: "", subjects: [] }, modern, undefined],
];

for (const [name, message, headers, clause] of cases) {
  t.test(`findDisagreement() judges a message when ${name}`, async (test) => {
    test.equal(findDisagreement({ ...call, ...message }, valuesOf(headers)), clause);
  });
}

t.test("hasBatches() is true up to 2025-03-26", async (test) => {
  test.ok(hasBatches(valuesOf({})));
  test.ok(hasBatches(valuesOf({ "mcp-protocol-version": "2025-03-26" })));
  test.notOk(hasBatches(valuesOf({ "mcp-protocol-version": "2025-06-18" })));
});

t.test("isRevisionKnown() takes dates", async (test) => {
  test.ok(isRevisionKnown(valuesOf({})));
  test.ok(isRevisionKnown(valuesOf(modern)));
  test.notOk(isRevisionKnown(valuesOf({ "mcp-protocol-version": "1" })));
});
