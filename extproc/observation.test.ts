import { gzipSync } from "node:zlib";
import t from "tap";
import type { EnginePlan } from "../gateway/snapshot.ts";
import { encodeEventStreamMessage } from "../providers/aws-event-stream.ts";
import { Observation } from "./observation.ts";
import { PlanBook } from "./plan-book.ts";
import { capturePlan } from "./testdata/snapshots.ts";
import { headerView, plan, update } from "./testdata/playbook.ts";
import { claudeAnswer, providerOf } from "./testdata/routing.ts";

const everything = capturePlan({ request: true, response: true }, { maxBytes: 32 });
const injected = "injected-value-0123456789";

interface Observed {
  readonly observation: Observation;
  /** Resolves when everything was read after the end */
  readonly settled: Promise<void>;
}

function observe(
  changes: Partial<EnginePlan>,
  headers: Readonly<Record<string, string>> = {},
  path = "/v1/chat/completions",
  place = 0.5,
): Observed {
  const asked = plan(changes);
  const book = new PlanBook([]);
  book.publish(update([asked], { credentials: [["secret/default/x/token", injected]] }));
  const entry = book.find(asked.id);
  if (entry === undefined) throw new TypeError("Cannot observe: no plan");
  const { promise: settled, resolve } = Promise.withResolvers<void>();
  const { meters, capture } = asked;
  const observation = new Observation({
    plan: { provider: entry.provider, meters, capture },
    request: {
      method: "POST",
      path,
      headers: headerView({ "content-type": "application/json", ...headers }),
      trace: { traceId: "t", spanId: "s" },
    },
    sampleOf: () => place,
    redactor: () => book.redactor,
    words: () => book.words,
    settler: { onSettled: resolve },
  });
  return { observation, settled };
}

function json(headers: Readonly<Record<string, string>> = {}) {
  return headerView({ ":status": "200", "content-type": "application/json", ...headers });
}

function textOf(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString();
}

t.test("capture() keeps the first bytes, counts all, and removes what was injected", async (t) => {
  const { observation } = observe({ capture: everything });
  observation.requestBody(Buffer.from(`{"a":"${injected}"`), false);
  observation.requestBody(Buffer.from("}".repeat(50)), true);
  t.equal(observation.responseHeaders(json(), false), true);
  observation.responseBody(Buffer.from('{"ok":1}'), true, 1);
  t.equal(observation.close(), "settled");
  const capture = observation.capture();
  t.match(capture?.requestBody, { bytes: 82, isTruncated: true });
  t.notOk(textOf(capture?.requestBody?.base64).includes(injected));
  t.match(capture?.responseBody, { bytes: 8, isTruncated: false });
  t.equal(textOf(capture?.responseBody?.base64), '{"ok":1}');
});

t.test(
  "capture() shows no beginning of what was injected where a stream is over in it",
  async (t) => {
    const { observation } = observe({ capture: everything });
    const broken = Buffer.from(`{"a":"${injected.slice(0, -1)}`);
    observation.requestBody(broken, false);
    observation.responseHeaders(json(), false);
    observation.responseBody(broken, false, 1);
    observation.close();
    const capture = observation.capture();
    for (const body of [capture?.requestBody, capture?.responseBody]) {
      t.match(body, { bytes: broken.length, isTruncated: false });
      t.equal(textOf(body?.base64), '{"a":"[redacted]');
    }
  },
);

t.test("capture() takes an answer for whole that is as long as its headers say", async (t) => {
  const body = Buffer.from('Greek alpha, then "injected-');
  for (const { length, shown } of [
    { length: String(body.length), shown: body.toString() },
    { length: String(body.length + 1), shown: 'Greek alpha, then "[redacted]' },
    { length: "", shown: 'Greek alpha, then "[redacted]' },
  ]) {
    const { observation } = observe({ capture: everything });
    observation.requestEnd();
    observation.responseHeaders(json({ "content-length": length }), false);
    observation.responseBody(body, false, 1);
    observation.close();
    t.equal(textOf(observation.capture()?.responseBody?.base64), shown, length);
  }
});

t.test("capture() keeps a compressed body decoded, and its bytes on the wire", async (t) => {
  const { observation, settled } = observe({ capture: everything });
  const encoded = gzipSync('{"ok":"decoded"}');
  observation.requestEnd();
  observation.responseHeaders(json({ "content-encoding": "gzip" }), false);
  observation.responseBody(encoded, true, 1);
  if (observation.close() === "settling") await settled;
  const body = observation.capture()?.responseBody;
  t.equal(textOf(body?.base64), '{"ok":"decoded"}');
  t.equal(body?.bytes, encoded.length);
});

t.test("capture() reads the codings of all fields, and not of the first alone", async (t) => {
  const { observation, settled } = observe({ capture: everything });
  const entries: readonly (readonly [string, string])[] = [
    [":status", "200"],
    ["content-type", "application/json"],
    ["content-encoding", "identity"],
    ["content-encoding", "gzip"],
  ];
  const find = (name: string) => entries.find(([candidate]) => candidate === name)?.[1];
  observation.requestEnd();
  observation.responseHeaders({ entries: () => entries, find }, false);
  observation.responseBody(gzipSync('{"ok":"decoded"}'), true, 1);
  if (observation.close() === "settling") await settled;
  t.equal(textOf(observation.capture()?.responseBody?.base64), '{"ok":"decoded"}');
});

t.test("capture() keeps one direction where only that was asked for", async (t) => {
  const { observation } = observe({ capture: { ...everything, request: false } });
  observation.requestBody(Buffer.from("{}"), true);
  observation.responseHeaders(json(), false);
  observation.responseBody(Buffer.from("[]"), true, 1);
  observation.close();
  const capture = observation.capture();
  t.match(capture, { requestHeaders: [], requestBody: null });
  t.equal(textOf(capture?.responseBody?.base64), "[]");
});

t.test("capture() keeps no body of another type, and nothing without a plan for it", async (t) => {
  const { observation } = observe({ capture: everything }, { "content-type": "image/png" });
  observation.requestBody(Buffer.from("png"), true);
  t.equal(observation.responseHeaders(json({ "content-type": "text/html" }), false), false);
  t.match(observation.capture(), { requestBody: null, responseBody: null });
  t.equal(observe({ meters: true }).observation.capture(), null);
});

t.test("model() knows at any time what has passed so far", async (t) => {
  const { observation } = observe({ meters: true });
  t.match(observation.model(), { requestModel: null, usage: null });
  observation.requestBody(Buffer.from('{"model":"gpt'), false);
  observation.requestBody(Buffer.from('-4.1"}'), true);
  t.match(observation.model(), { requestModel: "gpt-4.1", usage: null });
  observation.responseHeaders(json({ "content-type": "text/event-stream" }), false);
  observation.responseBody(
    Buffer.from('data: {"choices":[{"delta":{"content":"a"}}]}\n\n'),
    false,
    12.5,
  );
  t.match(observation.model(), { isStream: true, timeToFirstTokenMs: 12.5 });
  t.equal(observation.close(), "settled");
});

t.test("model() reads streams in AWS's framing", async (t) => {
  const path = "/model/amazon.nova-pro-v1%3A0/converse-stream";
  const { observation } = observe({ meters: true, provider: "aws-bedrock" }, {}, path);
  observation.requestBody(Buffer.from('{"messages":[]}'), true);
  const contentType = "application/vnd.amazon.eventstream";
  t.equal(observation.responseHeaders(json({ "content-type": contentType }), false), true);
  const payload = '{"usage":{"inputTokens":12,"outputTokens":7,"totalTokens":19}}';
  observation.responseBody(
    encodeEventStreamMessage({ headers: Buffer.alloc(0), payload }),
    true,
    1,
  );
  t.equal(observation.close(), "settled");
  t.match(observation.model(), {
    operation: "chat",
    requestModel: "amazon.nova-pro-v1:0",
    isStream: true,
    usage: { inputTokens: 12, outputTokens: 7 },
  });
});

t.test("model() is null for what is no call of a model", async (t) => {
  t.equal(observe({ meters: true, provider: "google-genai" }).observation.model(), null);
  t.equal(observe({ capture: everything }).observation.model(), null);
});

t.test(
  "close() settles after a request that is still compressed when the stream ends",
  async (t) => {
    const { observation, settled } = observe({ meters: true }, { "content-encoding": "gzip" });
    observation.requestBody(gzipSync('{"model":"gpt-4.1"}'), true);
    t.equal(observation.close(), "settling");
    await settled;
    t.match(observation.model(), { requestModel: "gpt-4.1" });
  },
);

t.test("responseHeaders() asks for no body of an error and of an empty answer", async (t) => {
  t.equal(
    observe({ meters: true }).observation.responseHeaders(json({ ":status": "500" }), false),
    false,
  );
  t.equal(observe({ meters: true }).observation.responseHeaders(json(), true), false);
  t.equal(observe({ meters: true }).observation.responseHeaders(json(), false), true);
});

t.test("destroy() gives up a body that is never finished", async (t) => {
  const { observation } = observe({ meters: true });
  observation.requestEnd();
  observation.responseHeaders(json({ "content-encoding": "br" }), false);
  observation.responseBody(Buffer.from([1, 2, 3]), false, 1);
  observation.close();
  observation.destroy();
  t.match(observation.model(), { usage: null });
});

const byClaude = { path: "/v1/messages" };

t.test("model() is of two providers where another one answers, and counts once", async (t) => {
  const { observation } = observe({ meters: true });
  observation.requestBody(Buffer.from('{"model":"gpt-4o","stream":false}'), true);
  observation.answeredBy({ provider: providerOf("anthropic"), ...byClaude });
  t.equal(observation.responseHeaders(json(), false), true);
  const body = Buffer.from(claudeAnswer);
  observation.responseBody(body.subarray(0, 40), false, 1);
  observation.responseBody(body.subarray(40), true, 2);
  t.equal(observation.close(), "settled");
  t.match(observation.model(), {
    operation: "chat",
    requestModel: "gpt-4o",
    responseModel: "claude-sonnet-4-5",
    finishReasons: ["end_turn"],
    usage: { inputTokens: 5, outputTokens: 3 },
  });
});

t.test(
  "model() knows what was asked although the request is decoded only after the answer began",
  async (t) => {
    const { observation, settled } = observe({ meters: true }, { "content-encoding": "gzip" });
    observation.requestBody(gzipSync('{"model":"gpt-4o"}'), true);
    observation.answeredBy({ provider: providerOf("anthropic"), ...byClaude });
    observation.responseHeaders(json(), false);
    observation.responseBody(Buffer.from(claudeAnswer), true, 1);
    if (observation.close() === "settling") await settled;
    t.match(observation.model(), { requestModel: "gpt-4o", usage: { inputTokens: 5 } });
  },
);

t.test(
  "answeredBy() changes nothing where the asked provider answers by the asked path",
  async (t) => {
    const { observation } = observe({ meters: true });
    observation.answeredBy({ provider: providerOf("openai"), path: "/v1/chat/completions" });
    observation.responseHeaders(json(), false);
    observation.responseBody(Buffer.from('{"usage":{"prompt_tokens":3}}'), true, 1);
    t.match(observation.model(), { usage: { inputTokens: 3 } });
  },
);

t.test(
  "model() counts nothing of an answer that nobody can read, and keeps what was asked",
  async (t) => {
    const { observation } = observe({ meters: true });
    observation.requestBody(Buffer.from('{"model":"gpt-4o"}'), true);
    observation.answeredBy({ provider: providerOf("anthropic"), path: "/unknown" });
    t.equal(observation.responseHeaders(json(), false), false);
    t.match(observation.model(), { requestModel: "gpt-4o", responseModel: null, usage: null });
  },
);

function exchange(sample: number, keepsErrors: boolean, status: string) {
  const capture = { ...everything, sample, keepsErrors };
  const { observation } = observe({ capture }, {}, "/x", 0.25);
  observation.requestBody(Buffer.from("ask"), true);
  observation.responseHeaders(json({ ":status": status }), false);
  observation.responseBody(Buffer.from("told"), true, 1);
  observation.close();
  return observation.capture();
}

t.test("capture() keeps the traces of the sample", async (t) => {
  t.equal(textOf(exchange(0.26, false, "200")?.responseBody?.base64), "told");
  t.equal(exchange(0.25, false, "200"), null);
  t.equal(exchange(0, true, "200"), null);
});

t.test("capture() keeps failures besides the sample, if it is told to", async (t) => {
  t.equal(textOf(exchange(0, true, "500")?.requestBody?.base64), "ask");
  t.equal(exchange(0, false, "500"), null);
  const { observation } = observe({ capture: { ...everything, sample: 0 } }, {}, "/x");
  observation.requestBody(Buffer.from("refused"), true);
  observation.close();
  t.equal(textOf(observation.capture()?.requestBody?.base64), "refused");
});

t.test("capture() keeps as much of each direction as the plan says of it", async (t) => {
  const json = ["application/json"];
  const capture = {
    ...everything,
    requestBody: { maxBytes: 0, contentTypes: json },
    responseBody: { maxBytes: 2, contentTypes: json },
    redactBody: { jsonPaths: ["$.a"], shapes: [], patterns: [] },
  };
  const { observation } = observe({ capture });
  observation.requestBody(Buffer.from("ask"), true);
  observation.responseHeaders(
    headerView({ ":status": "200", "content-type": "application/json" }),
    false,
  );
  observation.responseBody(Buffer.from("{}more"), true, 1);
  const kept = observation.capture();
  t.equal(kept?.requestBody, null);
  t.match(
    kept?.requestHeaders.find(([name]) => name === "content-type"),
    ["content-type", json[0]],
  );
  t.same([textOf(kept?.responseBody?.base64), kept?.responseBody?.isTruncated], ["{}", true]);
});
