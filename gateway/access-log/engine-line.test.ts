/** Tests how a line and its facts become a record. */
import t from "tap";
import { callFacts, capturedExchange } from "../testdata/call-facts.ts";
import { entryContext, httpFacts, httpMeasures } from "../testdata/access-log.ts";
import { EngineLine } from "./engine-line.ts";
import { outlineOf } from "./http-transaction.ts";
import { recordJsonParts } from "./record-json.ts";
import { RecordStamps } from "./record-stamps.ts";

const outline = outlineOf(httpFacts(), entryContext());

function engineLine(): EngineLine {
  return new EngineLine({
    outline,
    measures: httpMeasures({ engineId: "engine-1" }),
    revision: 7,
    stamps: new RecordStamps(),
    json: recordJsonParts(outline),
  });
}

const cases = [
  { name: "facts of a model call", facts: callFacts() },
  { name: "facts with a capture", facts: callFacts({ capture: capturedExchange() }) },
  {
    name: "a refusal",
    facts: callFacts({ denial: { reason: "body-malformed", message: 'a "b"' } }),
  },
  {
    name: "what audit mode let by",
    facts: callFacts({
      wouldDeny: {
        reason: "mcp-denied",
        message: 'not "this"',
        route: { kind: "MCPRoute", namespace: "default", name: "m", rule: 0 },
      },
    }),
  },
  { name: "no facts", facts: undefined },
];

for (const { name, facts } of cases) {
  t.test(`complete() gives the record with its JSON for ${name}`, async (t) => {
    const { record, json } = engineLine().complete(facts);
    t.equal(json, JSON.stringify(record));
    t.equal(record.revision, 7);
    t.equal(record.tier, "engine");
  });
}

t.test("complete() makes no JSON where nobody keeps its parts", async (t) => {
  const line = new EngineLine({
    outline,
    measures: httpMeasures({ engineId: "engine-1" }),
    revision: 7,
    stamps: new RecordStamps(),
    json: undefined,
  });
  t.match(line.complete(callFacts()), { record: { usage: { outputTokens: 9 } }, json: undefined });
});

t.test("EngineLine shows nothing but its id", async (t) => {
  const line = engineLine();
  t.equal(line.id, "engine-1");
  t.equal(JSON.stringify(line), "{}");
});
