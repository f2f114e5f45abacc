/** Tests that the JSON made of parts is that of the record. */
import t from "tap";
import { entryContext, httpFacts, httpMeasures } from "../testdata/access-log.ts";
import type { HttpFacts, HttpMeasures } from "./http-transaction.ts";
import { completeRecord, flatTarget, outlineOf } from "./http-transaction.ts";
import { recordJson, recordJsonParts, targetJson } from "./record-json.ts";
import { RecordStamps } from "./record-stamps.ts";

const stamps = new RecordStamps();

const hostile =
  'quote " backslash \\ line\n feed \u0000\u001f\u007f\u2028 🦊 </script> {"id":"x"},';

const cases: readonly {
  readonly name: string;
  readonly facts?: Partial<HttpFacts>;
  readonly measures?: Partial<HttpMeasures>;
}[] = [
  { name: "an allowed transaction" },
  { name: "no upstream", facts: { upstreamAddress: "" } },
  { name: "a plain upstream", facts: { cluster: "forward-plain" } },
  { name: "a refusal", facts: { route: "deny/default-policy", details: "direct_response" } },
  { name: "flags", facts: { flags: ["UF", "URX"] } },
  {
    name: "nothing at all",
    facts: { authority: "", method: "", protocol: "", route: "", details: "" },
    measures: { target: flatTarget("") },
  },
  {
    name: "hostile texts",
    facts: {
      method: hostile,
      authority: hostile,
      userAgent: hostile,
      details: hostile,
      clientAddress: hostile,
      upstreamAddress: hostile,
      flags: [hostile],
    },
    measures: { target: flatTarget(`/${hostile}?${hostile}`) },
  },
  { name: "lone surrogates", facts: { userAgent: "lone \ud800 and \udc00 surrogates" } },
  {
    name: "points that were not reached",
    measures: { requestMs: null, firstByteMs: null, durationMs: 0 },
  },
  {
    name: "fractions and large numbers",
    measures: {
      durationMs: 3_600_000.000001,
      requestMs: 0.000001,
      firstByteMs: 1e-7,
      requestBytes: Number.MAX_SAFE_INTEGER,
      responseBytes: 1e21,
    },
  },
  { name: "minus zero", measures: { durationMs: -0, requestMs: -0 } },
  {
    name: "a parent",
    measures: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
  },
  { name: "a traceparent that is none", measures: { traceparent: hostile } },
];

for (const { name, facts, measures } of cases) {
  t.test(`recordJson() is what JSON.stringify() gives of ${name}`, async (t) => {
    const outline = outlineOf(httpFacts(facts), entryContext());
    const parts = recordJsonParts(outline);
    for (const revision of [0, 7]) {
      const record = completeRecord(outline, httpMeasures(measures), { revision, stamps });
      const json = recordJson(record, parts, targetJson(record.request));
      t.equal(json, JSON.stringify(record));
      t.notOk(json.includes("\n"), "is one line");
    }
  });
}

t.test("recordJson() leaves an unknown agent out", async (t) => {
  const outline = outlineOf(httpFacts(), entryContext({ findAgent: () => null }));
  const record = completeRecord(outline, httpMeasures(), { revision: 1, stamps });
  t.equal(
    recordJson(record, recordJsonParts(outline), targetJson(record.request)),
    JSON.stringify(record),
  );
});
