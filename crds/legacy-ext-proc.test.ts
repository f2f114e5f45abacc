/** The old spelling of body capture, through the kind that it belongs to and by itself. */
import t from "tap";
import { egressGatewayKind } from "./egress-gateway.ts";
import { convertExtProc } from "./legacy-ext-proc.ts";
import { change, expectObject, objectOf, testRefusals } from "./testdata/kind-cases.ts";

const least = objectOf("EgressGateway", { listeners: [{ name: "any", protocol: "TLS" }] });
const most = change(least, "spec.otlp", { captureBody: {} });

function warningsOf(
  extProc: unknown,
  otlp?: unknown,
): { captureBody: unknown; warnings: string[] } {
  const result = egressGatewayKind.parse(
    change(change(least, "spec.extProc", extProc), "spec.otlp", otlp),
  );
  return {
    captureBody: expectObject(result).spec.otlp?.captureBody,
    warnings: result.kind === "valid" ? result.warnings.map(({ message }) => message) : [],
  };
}

t.test("parse() takes the old extProc.captureBody for otlp.captureBody", (t) => {
  const warnings = ["spec.extProc.captureBody: old spelling, write spec.otlp.captureBody"];
  const captureBody = { maxBytes: 9, includeContentTypes: [] };
  t.same(warningsOf({ enabled: true, captureBody: { maxBytes: 9 } }), { captureBody, warnings });
  t.same(warningsOf({ captureBody: { maxBytes: 9 } }, { endpoint: "https://x" }), {
    captureBody,
    warnings,
  });
  t.end();
});

t.test("parse() captures nothing for an old extProc that was off or did not ask", (t) => {
  const warnings = ["spec.extProc: old spelling, remove it: requests are always processed"];
  t.same(warningsOf({ enabled: false, captureBody: {} }), { captureBody: undefined, warnings });
  t.same(warningsOf({ enabled: true }), { captureBody: undefined, warnings });
  t.end();
});

testRefusals(egressGatewayKind, least, [
  [
    "spec.extProc",
    { captureBody: { maxBytes: "x" } },
    'spec.extProc.captureBody.maxBytes: found "x", wanted an integer from 1 to 1048576',
  ],
  ["spec.extProc", true, "spec.extProc: found true, wanted an object with captureBody"],
  [
    "spec.extProc",
    { capture: {} },
    "spec.extProc.capture: unknown field of an old spelling; write spec.otlp.captureBody",
  ],
]);

testRefusals(egressGatewayKind, most, [
  [
    "spec.extProc",
    { captureBody: {} },
    "spec.extProc.captureBody: old spelling of spec.otlp.captureBody, which is set as well; remove one",
  ],
]);

testRefusals(egressGatewayKind, change(least, "spec.otlp", "x"), [
  ["spec.extProc", { captureBody: {} }, 'spec.otlp: found "x", wanted an object'],
]);

testRefusals(egressGatewayKind, least, [
  ["spec.extProc", { enabled: "yes" }, 'spec.extProc.enabled: found "yes", wanted true or false'],
]);

for (const value of [undefined, null, 7, "x", [], {}, { spec: null }, { spec: { otlp: {} } }]) {
  t.test(`convertExtProc() leaves ${JSON.stringify(value)} as it is`, (t) => {
    t.strictSame(convertExtProc(value), { value, warnings: [], problems: [], moves: [] });
    t.end();
  });
}
