/** Unit tests of the cases of `llm`: what is sent, to whom, and at which pace. */
import t from "tap";
import { llmCases, llmWarmUp, streamEvents } from "./llm-cases.ts";
import { encodeChatCall } from "./plain-workload.ts";

const caller = { host: "api.openai.com", headers: ["authorization: Bearer x"] };
const plans = new Map(
  llmCases.map((benchCase) => [
    benchCase.name,
    benchCase.workload({ seconds: 4, connections: 32 }, caller),
  ]),
);

t.test("llmCases send one call to one path, with the caller's headers", async (t) => {
  for (const [name, plan] of plans) {
    const text = encodeChatCall(plan, plan.paths[0] ?? "").toString();
    t.match(text, /^POST \/v1\/chat\/completions HTTP\/1\.1\r\nhost: api\.openai\.com\r\n/, name);
    t.match(text, /\r\nauthorization: Bearer x\r\n/, name);
    t.equal(text.split("\r\n\r\n")[1]?.length, plan.bodyBytes, name);
    t.equal(plan.durationMs, 4_000, name);
  }
});

t.test("llmCases stream where they say so", async (t) => {
  const streams = [...plans].filter(([, { call }]) => call?.body.includes('"stream":true'));
  t.same(
    streams.map(([name]) => name),
    ["chat-stream", "first-token"],
  );
  t.ok(streamEvents >= 3, "a stream has a begin, a text and an end");
});

t.test("llmCases load at the pace that their titles tell", async (t) => {
  t.match(plans.get("chat"), { connections: 32, pace: { kind: "closed", thinkMs: 0 } });
  t.match(plans.get("latency"), { pace: { kind: "open", perSecond: 500 }, latencyTo: "end" });
  t.match(plans.get("first-token"), {
    connections: 20,
    bodyBytes: 225_280,
    pace: { kind: "closed", thinkMs: 500 },
    latencyTo: "first-byte",
  });
  t.match(llmCases.find(({ name }) => name === "latency")?.title, /500 a second/);
});

t.test("llmWarmUp() measures nothing", async (t) => {
  t.match(llmWarmUp(3, caller), { warmUpMs: 3_000, durationMs: 0 });
});
