/**
 * Bodies for MCP servers: read and judged as a literal reading of the rules has it, message by message, and answered with
 * the ids that were sent. The same bytes as an answer of a server pass alike however they are cut.
 */

import { isUtf8 } from "node:buffer";
import type { Random } from "../../../extproc/testdata/random.ts";
import { createPlainFilter, createStreamFilter } from "../../../gateway/mcp-answer-filter.ts";
import type { McpAnswerFilter } from "../../../gateway/mcp-answer-filter.ts";
import { createAnswerReader } from "../../../gateway/mcp-answer-reader.ts";
import type { McpHead, McpOutcome } from "../../../gateway/mcp-judge.ts";
import { McpJudge } from "../../../gateway/mcp-judge.ts";
import { readBody } from "../../../gateway/mcp/message.ts";
import { globs, match, mcpPlan, toolPolicy } from "../../../gateway/mcp/testdata/plans.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { differenceByCut, firstDifference } from "../input-cuts.ts";
import { mutateJson } from "../json-mutations.ts";
import type { LiteralBody, LiteralMessage } from "./json-rpc-reading.ts";
import { readLiterally } from "./json-rpc-reading.ts";

const judge = new McpJudge(
  mcpPlan(
    {
      matches: [match({ tools: { globs: ["good*"], expressions: ["re[0-9]+"] } })],
      toolPolicies: [toolPolicy({ denied: globs("*bad") })],
    },
    { matches: [match({ resources: ["docs://*"], prompts: ["p?"] })] },
    { matches: [match({ methods: ["tasks/*"] })] },
  ),
  { kind: "MCPRoute", namespace: "default", name: "fuzzed" },
);

const methods = [
  ...["tools/call", "prompts/get", "resources/read", "resources/subscribe", "Tools/Call"],
  ...["completion/complete", "subscriptions/listen", "tools/list", "initialize", "ping"],
  ...["notifications/progress", "tasks/get", "logging/setLevel", " tools/call"],
];
const names = ["good", "goodbad", "re12", "evil", "docs://a", "secret://a", "p1", "", "\u0000"];
const ids = [1, -5, "a", "\ud83e\udd8a", "1", 9_007_199_254_740_991, null, 1.5, true];

/** The reader, the judge and the filter of answers. */
export const jsonRpcTarget: FuzzTarget = {
  name: "json-rpc",
  promise:
    "read and judged item by item as a literal reader does, ids verbatim, answers alike however cut",
  covers: ["/gateway/mcp/", "/gateway/mcp-judge", "/gateway/mcp-answer-"],
  maxInputBytes: 6_000,
  words: [
    ...['"id":', '"method":"tools/call"', '"params":{"name":"good"}', '"jsonrpc":"2.0"', "\\u0061"],
    ...['"result":{}', '"error":{}', '"name":', '"uri":', '"ref":', '"_meta":{', "[[[[", "\u017f"],
    ...["\ufeff", '"PARAMS":', "12345678901234567890", "-0", "\\ud800", "data: ", "\n\n", "\r"],
  ],
  seeds: () =>
    [...seeds.map((value) => JSON.stringify(value)), ...odd].map((it) => Buffer.from(it)),
  invent: (random) => Buffer.from(JSON.stringify(inventBody(random))),
  mutate: mutateJson,
  open: () => ({ check }),
};

const call = {
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "good", arguments: { a: [1] } },
};
const revision = { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } };
const seeds: readonly unknown[] = [
  call,
  [call, { ...call, id: "1" }, { jsonrpc: "2.0", method: "notifications/progress" }],
  { jsonrpc: "2.0", id: 2, result: { tools: [{ name: "good" }, { name: "evil" }] } },
  { ...call, method: "completion/complete", params: { ref: { type: "ref/prompt", name: "p1" } } },
  {
    ...call,
    method: "subscriptions/listen",
    params: { notifications: { resourceSubscriptions: ["docs://a", "docs://b"] }, ...revision },
  },
];

/** Right and wrong by their spelling, which a value does not have. */
const odd = [
  '[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","id":"\\u0061","method":"ping"}]',
  '[{"jsonrpc":"2.0","id":0,"method":"ping"},{"jsonrpc":"2.0","id":-0,"method":"ping"}]',
  '{"jsonrpc":"2.0","id":12345678901234567890,"m\\u0065thod":"tools/call","params":{"name":"evil"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"good","n\\u0061me":"evil"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"good"},"PARAM\u017f":{}}',
];

function inventBody(random: Random): unknown {
  const one = (): unknown => {
    const id = random.pick(ids);
    if (random.below(6) === 0)
      return { jsonrpc: "2.0", id, [random.pick(["result", "error"])]: {} };
    const name = random.pick(names);
    const params = random.pick<unknown>([
      { name },
      { uri: name },
      { ref: { type: random.pick(["ref/prompt", "ref/resource"]), name, uri: name } },
      { notifications: { resourceSubscriptions: [name, random.pick(names)] } },
      { name, ...revision },
    ]);
    const message = { jsonrpc: "2.0", method: random.pick(methods), params };
    return random.below(4) === 0 ? message : { ...message, id };
  };
  return random.below(2) === 0 ? one() : Array.from({ length: random.below(5) }, one);
}

function check(input: Buffer): Finding {
  const wanted = isUtf8(input) ? readLiterally(input.toString("utf8")) : null;
  return (
    checkReading(input, wanted) ??
    checkVerdict(judge.judgeBody(head({}), input), wanted) ??
    checkHeaders(input, wanted) ??
    differenceByCut(input, (pieces) => pass(createPlainFilter(shows), pieces)) ??
    differenceByCut(input, (pieces) => pass(createStreamFilter(shows), pieces)) ??
    differenceByCut(input, (pieces) => resultsOf("application/json", pieces)) ??
    differenceByCut(input, (pieces) => resultsOf("text/event-stream", pieces)) ??
    checkList(input)
  );
}

function checkReading(input: Buffer, wanted: LiteralBody): Finding {
  const body = readBody(input);
  if (body.kind === "malformed") return wanted === null ? undefined : `refused: ${body.reason}`;
  if (wanted === null) return "a body is read that is none";
  const reads = body.kind === "single" ? [body.read] : body.reads;
  const found = reads.map((read) => {
    if (read.kind === "malformed") return null;
    const { kind, id, method, subjects, revision: own } = read.message;
    return { kind, id, method, subjects, revision: own };
  });
  const [text, expected] = [JSON.stringify(found), JSON.stringify(wanted.messages)];
  if (wanted.isBatch !== (body.kind === "batch")) return "a batch is told from a message";
  return text === expected ? undefined : firstDifference(text, expected);
}

/** All or nothing goes on; each message is told its own outcome, and each request answered by its own id. */
function checkVerdict(outcome: McpOutcome, wanted: LiteralBody): Finding {
  if (wanted === null || wanted.messages.includes(null)) {
    return outcome.kind === "refuse" ? undefined : "what is no message is allowed";
  }
  const messages = wanted.messages.filter((message) => message !== null);
  if (messages.some(({ revision: own }) => wantsHeaders(own))) {
    return outcome.kind === "refuse" ? undefined : "headers that its revision wants are missing";
  }
  const verdicts = messages.map((message) => (isAllowed(message) ? "allowed" : "denied"));
  if ((outcome.kind === "allow") !== verdicts.every((verdict) => verdict === "allowed")) {
    return `it is ${outcome.kind}, wanted ${verdicts.join(" ")}`;
  }
  const told = outcome.facts?.messages.map((message) => message.outcome) ?? [];
  if (told.join(" ") !== verdicts.slice(0, 16).join(" ")) return `told are ${told.join(" ")}`;
  return outcome.kind === "allow" ? undefined : checkAnswer(outcome, messages, wanted.isBatch);
}

function checkAnswer(
  { refusal }: McpOutcome & { readonly kind: "refuse" },
  messages: readonly LiteralMessage[],
  isBatch: boolean,
): Finding {
  const answer: unknown = JSON.parse(refusal.body);
  const requests = messages.filter(({ kind }) => kind === "request");
  if (requests.length === 0) return refusal.status === 403 ? undefined : "nobody asked";
  if (Array.isArray(answer) !== isBatch) return "the answer has another form than the body";
  if (isBatch && Array.isArray(answer) && answer.length !== requests.length) {
    return `${answer.length} errors for ${requests.length} requests`;
  }
  const lost = requests.find(({ id }) => !refusal.body.includes(`"id":${id},"error":`));
  return lost === undefined ? undefined : `the answer lacks id ${lost.id}`;
}

function wantsHeaders(revision: string | null): boolean {
  return /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(revision ?? "") && (revision ?? "") >= "2026-07-28";
}

/** The rules above, by what they say. */
function isAllowed({ kind, method, subjects }: LiteralMessage): boolean {
  if (kind === "response") return true;
  const isTool = ({ kind: is, name }: LiteralMessage["subjects"][number]) =>
    is === "tool" && (name.startsWith("good") || /^re[0-9]+$/.test(name));
  if (subjects.length > 0 && subjects.every(isTool)) {
    return subjects.every(({ name }) => !name.endsWith("bad"));
  }
  const isRead = ({ kind: is, name }: LiteralMessage["subjects"][number]) =>
    is === "resource" ? name.startsWith("docs://") : is === "prompt" && /^p.$/su.test(name);
  if (subjects.length > 0) return subjects.every(isRead);
  return (
    method.startsWith("tasks/") ||
    method.startsWith("notifications/") ||
    ["initialize", "ping", "server/discover", "tools/list", "prompts/list"].includes(method) ||
    ["resources/list", "resources/templates/list"].includes(method)
  );
}

/** Headers that say what the body says change nothing, and others refuse it. */
function checkHeaders(input: Buffer, wanted: LiteralBody): Finding {
  const [message] = wanted?.messages ?? [];
  if (wanted === null || wanted.isBatch || message === null || message === undefined)
    return undefined;
  if (message.kind === "response" || message.revision !== null) return undefined;
  const [subject, ...more] = message.subjects;
  const name =
    subject === undefined || more.length > 0 ? {} : { "mcp-name": encoded(subject.name) };
  const same = judge.judgeBody(head({ "mcp-method": message.method, ...name }), input);
  const finding = checkVerdict(same, wanted);
  if (finding !== undefined) return `with headers that agree: ${finding}`;
  const other = judge.judgeBody(head({ "mcp-method": `${message.method}x` }), input);
  if (other.kind === "allow" || !other.refusal.body.includes("-32020")) return "another mcp-method";
  const renamed = judge.judgeBody(head({ "mcp-name": encoded("other\u00e4") }), input);
  const isRefused = renamed.kind === "refuse" && renamed.refusal.body.includes("-32020");
  return isRefused || subject?.name === "other\u00e4" ? undefined : "another mcp-name";
}

function encoded(name: string): string {
  return `=?base64?${Buffer.from(name).toString("base64")}?=`;
}

function head(headers: Readonly<Record<string, string>>): McpHead {
  const all = new Map(Object.entries({ ...headers, accept: "application/json" }));
  const values = (name: string) => [all.get(name) ?? []].flat();
  const server = { scheme: "https", authority: "mcp.test", target: "/mcp" };
  return { ...server, method: "POST", hasBody: true, values };
}

/** What an answer of these bytes says of requests. */
function resultsOf(mediaType: string, pieces: readonly Buffer[]): string {
  const reader = createAnswerReader({ mediaType, coding: "" }, new Set(["1"]));
  for (const piece of pieces) reader?.write(piece);
  reader?.end();
  return JSON.stringify([...(reader?.results ?? [])]);
}

const shows = (_kind: string, name: string) => !name.includes("evil");

function pass(filter: McpAnswerFilter, pieces: readonly Buffer[]): string {
  const passed = pieces.map((piece) => Buffer.from(filter.write(piece)));
  return Buffer.concat([...passed, filter.end()]).toString("latin1");
}

/** No list of an answer that can be read names what is not shown. */
function checkList(input: Buffer): Finding {
  const text = Buffer.from(pass(createPlainFilter(shows), [Buffer.from(input)]), "latin1");
  const sent = parse(input.toString("utf8"));
  if (sent === undefined || !isUtf8(input)) return undefined;
  const [found, wanted] = [parse(text.toString("utf8")), withoutHidden(sent)];
  // Only what JSON.parse reads alike in both can be compared: of a key that comes twice it takes the last.
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  const isDeep = text.includes("cannot read the server's answer");
  return one === other || isDeep ? undefined : firstDifference(one ?? "", other ?? "");
}

function withoutHidden(sent: unknown): unknown {
  if (Array.isArray(sent)) return sent.map(messageWithout);
  return messageWithout(sent);
}

function messageWithout(message: unknown): unknown {
  const result = objectOrNull(objectOrNull(message)?.["result"]);
  if (result === null) return message;
  const keys: Readonly<Record<string, string>> = {
    tools: "name",
    resources: "uri",
    resourceTemplates: "uriTemplate",
    prompts: "name",
  };
  const kept = Object.entries(result).map(([key, value]) => {
    const naming = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (naming === undefined || !Array.isArray(value)) return [key, value];
    return [key, value.filter((item) => !isHidden(objectOrNull(item)?.[naming]))];
  });
  return { ...objectOrNull(message), result: Object.fromEntries(kept) };
}

function isHidden(name: unknown): boolean {
  return typeof name === "string" && name.includes("evil");
}

function objectOrNull(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: there is nothing to compare.
    return undefined;
  }
}
