/** Bodies that are written to cost the engine's thread time: every search is done in time that grows with the body. */
import t from "tap";
import type { BodyRedactionPlan } from "../snapshot-terms.ts";
import { BodyRedaction } from "./body-redaction.ts";

/** Far more than any of them takes on a busy machine, and far less than a search that is quadratic. */
const mostMs = 3_000;

const json = "application/json";
const events = "text/event-stream";

const rows: readonly {
  readonly name: string;
  readonly body: string;
  readonly mediaType: string;
  readonly plan?: Partial<BodyRedactionPlan>;
}[] = [
  {
    name: "backslashes beside an escape",
    body: `{"a":"%${"\\".repeat(131_072)}"}`,
    mediaType: json,
  },
  {
    name: "an event of many places behind a long name",
    body: `data: {"${"k".repeat(65_536)}":[${'"",'.repeat(32_768)}""]}\n\n`,
    mediaType: events,
  },
  {
    name: "an event of many places that are nested",
    body: `data: ${'{"name":'.repeat(120)}[${'"",'.repeat(131_072)}""]${"}".repeat(120)}\n\n`,
    mediaType: events,
  },
  {
    name: "an event of many lines",
    body: `${"data\n".repeat(200_000)}data: {"content":1}\n\n`,
    mediaType: events,
    plan: { jsonPaths: ["$..content"] },
  },
  {
    name: "a stream of many pieces and many finds",
    body: 'data: {"a":"x@y.zz "}\n\n'.repeat(40_000),
    mediaType: events,
    plan: { shapes: ["Email"] },
  },
  {
    name: "what an expression finds often and looks far ahead for",
    body: "a".repeat(16_384),
    mediaType: "text/plain",
    plan: { patterns: ["a(.*b)?"] },
  },
  {
    name: "members of a place that many steps lead to",
    body: `${'{"a":'.repeat(120)}{${'"a":1,'.repeat(32_768)}"a":1}${"}".repeat(120)}`,
    mediaType: json,
    plan: { jsonPaths: [`$${"..a".repeat(15)}..b`] },
  },
];

for (const { name, body, mediaType, plan } of rows) {
  t.test(`redact() of ${name} takes no longer than others`, async (t) => {
    const redaction = new BodyRedaction({ jsonPaths: [], shapes: [], patterns: [], ...plan });
    const startMs = performance.now();
    redaction.redact(body, mediaType, "whole");
    const tookMs = performance.now() - startMs;
    t.ok(tookMs < mostMs, `took ${Math.round(tookMs)} ms, at most ${mostMs} ms`);
  });
}

t.test("redact() takes out what expressions were given no time to search", async (t) => {
  const plan = { jsonPaths: [], shapes: [], patterns: ["a(.*b)?"] };
  const body = `${"a".repeat(16_384)}, and the rest`;
  t.equal(new BodyRedaction(plan).redact(body, "text/plain", "whole").endsWith("rest"), false);
});
