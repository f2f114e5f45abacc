/** EgressDenyPolicy: targets, the answer, the old spelling. */
import t from "tap";
import { egressDenyPolicyKind as kind } from "./egress-deny-policy.ts";
import {
  change,
  expectObject,
  objectOf,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const route = { group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "paste" };
const least = objectOf("EgressDenyPolicy", { targetRefs: [route] });
const kinds = '"AIProviderRoute", "EgressHTTPRoute", "EgressL4Route" or "MCPRoute"';

t.test("parse() gives status 403 inside of denyResponse only", (t) => {
  t.same(expectObject(kind.parse(least)).spec, { targetRefs: [route] });
  const answering = change(least, "spec.denyResponse", { message: "Ask the team" });
  t.same(expectObject(kind.parse(answering)).spec.denyResponse, {
    statusCode: 403,
    message: "Ask the team",
  });
  t.end();
});

testAcceptance(kind, least, [
  ["spec.denyResponse", {}],
  ["spec.denyResponse", { statusCode: 400 }],
  ["spec.denyResponse", { statusCode: 599 }],
  ["spec.targetRefs.0.kind", "AIProviderRoute"],
  ["spec.targetRefs.0.kind", "EgressL4Route"],
  ["spec.targetRefs.0.kind", "MCPRoute"],
  ["spec.targetRefs.0.sectionName", "rule"],
]);

testRefusals(kind, least, [
  ["spec.targetRefs", [], "spec.targetRefs: found an empty list, wanted a list of 1 to 16"],
  ["spec.targetRefs", undefined, "spec.targetRefs: not set, wanted a list of 1 to 16"],
  [
    "spec.targetRefs.0.kind",
    "EgressGateway",
    `spec.targetRefs[0].kind: found "EgressGateway", wanted ${kinds}`,
  ],
  [
    "spec.targetRefs.0.name",
    "",
    'spec.targetRefs[0].name: found an empty string, wanted a lower-case name: "a" to "z", digits, "-" and "." inside, at most 253 characters',
  ],
  [
    "spec.denyResponse",
    { statusCode: 399 },
    "spec.denyResponse.statusCode: found 399, wanted an integer from 400 to 599",
  ],
  [
    "spec.denyResponse",
    { statusCode: 600 },
    "spec.denyResponse.statusCode: found 600, wanted an integer from 400 to 599",
  ],
  [
    "spec.denyResponse",
    { statusCode: "403" },
    'spec.denyResponse.statusCode: found "403", wanted an integer from 400 to 599',
  ],
  [
    "spec.denyResponse",
    { status: 403 },
    'spec.denyResponse.status: unknown field; known: "statusCode", "message"',
  ],
  [
    "spec.denyResponse",
    { message: "a\nb" },
    'spec.denyResponse.message: found "a\\nb", wanted text in one line: line break at position 1',
  ],
  [
    "spec.denyResponse",
    { message: "" },
    "spec.denyResponse.message: found an empty string, wanted text in one line",
  ],
  [
    "spec.denyResponse",
    { message: "x".repeat(1025) },
    "spec.denyResponse.message: found 1025 characters, wanted at most 1024 characters",
  ],
]);

const old = change(change(least, "spec.targetRefs", undefined), "spec.targetRef", route);

t.test("parse() takes the old targetRef for a list of one, with a warning", (t) => {
  const result = kind.parse(old);
  t.same(expectObject(result).spec.targetRefs, [route]);
  t.strictSame(result.kind === "valid" && result.warnings.map(({ message }) => message), [
    "spec.targetRef: old spelling, write spec.targetRefs",
  ]);
  t.end();
});

testRefusals(kind, old, [
  ["spec.targetRef.kind", "Backend", `spec.targetRef.kind: found "Backend", wanted ${kinds}`],
  ["spec.targetRef", "paste", 'spec.targetRef: found "paste", wanted an object'],
  [
    "spec.targetRefs",
    [route],
    "spec.targetRef: old spelling of spec.targetRefs, which is set as well; remove one",
  ],
]);
