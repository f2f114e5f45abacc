/** A webhook is asked by one signed POST, and only a clear yes is one. */
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import t from "tap";
import type { Test } from "tap";
import { askWebhook, questionJson } from "./confirmation-webhook.ts";
import { SecretValue } from "./secret-value.ts";
import { openQuestionWith } from "./testdata/confirmations.ts";

interface Seen {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function listen(
  test: Test,
  answer: (response: ServerResponse) => void,
): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      seen.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/ask`, seen };
}

const key = new SecretValue("a key");
const question = openQuestionWith();
const { signal } = new AbortController();

t.test("askWebhook() posts a signed question and reads the answer", async (test) => {
  const { url, seen } = await listen(test, (response) =>
    response.end('{"decision":"deny","reason":"no","more":1}'),
  );
  test.same(await askWebhook({ url, key, question, signal }), {
    kind: "answered",
    decision: "deny",
    reason: "no",
  });
  const [{ headers, body } = { headers: {}, body: "" }] = seen;
  test.equal(body, questionJson(question));
  const text = `${question.id}.${headers["webhook-timestamp"]}.${body}`;
  const wanted = createHmac("sha256", "a key").update(text).digest("base64");
  test.match(headers, {
    "webhook-id": question.id,
    "webhook-timestamp": "1795860000",
    "webhook-signature": `v1,${wanted}`,
    "content-type": "application/json",
  });
  const encoded = new SecretValue(`whsec_${Buffer.from("a key").toString("base64")}`);
  await askWebhook({ url, key: encoded, question, signal });
  test.equal(seen[1]?.headers["webhook-signature"], `v1,${wanted}`);
});

const refused: readonly (readonly [string, (response: ServerResponse) => void, RegExp])[] = [
  ["no JSON", (response) => response.end("approve"), /is not JSON/],
  ["a list", (response) => response.end('[{"decision":"approve"}]'), /no object/],
  ["another word", (response) => response.end('{"decision":"yes"}'), /no decision/],
  [
    "a reason of another type",
    (response) => response.end('{"decision":"approve","reason":1}'),
    /reason/,
  ],
  ["a redirect", (response) => response.writeHead(307, { location: "/" }).end(), /status 307/],
  ["no content", (response) => response.writeHead(204).end(), /status 204/],
  [
    "too much",
    (response) => response.end(`{"decision":"approve","x":"${"x".repeat(17_000)}"}`),
    /could not/,
  ],
  [
    "a broken answer",
    (response) => response.writeHead(200).write("{", () => response.destroy()),
    /could not/,
  ],
];
for (const [name, answer, reason] of refused) {
  t.test(`askWebhook() takes ${name} for no answer`, async (test) => {
    const { url } = await listen(test, answer);
    test.match(await askWebhook({ url, key, question, signal }), { kind: "failed", reason });
  });
}

t.test("askWebhook() ends with its signal, and where nobody listens", async (test) => {
  const controller = new AbortController();
  const { url } = await listen(test, () => controller.abort());
  test.match(await askWebhook({ url, key, question, signal: controller.signal }), {
    kind: "failed",
  });
  const gone = "http://127.0.0.1:1/";
  test.match(await askWebhook({ url: gone, key, question, signal }), { kind: "failed" });
});

t.test(
  "questionJson() gives arguments as JSON with their digits, or as text when cut",
  async (test) => {
    const calls = [
      { tool: "a", arguments: '{"n":9007199254740993}', isCut: false },
      { tool: "b", arguments: '{"n":"', isCut: true },
      { tool: "c", arguments: "", isCut: false },
    ];
    const text = questionJson(openQuestionWith({ calls }));
    test.match(text, /"n":9007199254740993/);
    test.match(JSON.parse(text), {
      id: question.id,
      calls: [
        { tool: "a", isCut: false },
        { tool: "b", argumentsText: '{"n":"', isCut: true },
        { tool: "c", arguments: null },
      ],
    });
  },
);
