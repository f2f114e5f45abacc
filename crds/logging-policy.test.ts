/** LoggingPolicy: what is kept, how much of it, and what is taken out. */
import t from "tap";
import { loggingPolicyKind as kind } from "./logging-policy.ts";
import { expectObject, objectOf, testAcceptance, testRefusals } from "./testdata/kind-cases.ts";

const all = {
  captureRequest: true,
  captureResponse: false,
  request: { maxBytes: 0, contentTypes: ["Application/JSON"] },
  response: { maxBytes: 1_048_576 },
  sample: "2.5%",
  keepErrors: false,
  redactHeaders: ["X-Api-Key"],
  redactQuery: ["user"],
  redactJsonPaths: ["$.messages[*].content"],
  redactShapes: ["Email"],
  redactPatterns: [],
  sinkRef: "archive",
};
const most = objectOf("LoggingPolicy", all);

t.test("parse() keeps all that can be said", async (t) => {
  t.same(expectObject(kind.parse(most)).spec, {
    ...all,
    request: { maxBytes: 0, contentTypes: ["application/json"] },
    response: { maxBytes: 1_048_576, contentTypes: [] },
  });
  t.same(expectObject(kind.parse(objectOf("LoggingPolicy", {}))).spec, {
    keepErrors: true,
    redactHeaders: [],
    redactQuery: [],
    redactJsonPaths: [],
    redactShapes: [],
    redactPatterns: [],
  });
});

testAcceptance(kind, most, [
  ["spec.redactHeaders", []],
  ["spec.sinkRef", undefined],
  ["spec.redactHeaders", ["proxy-authorization", "a"]],
  ["spec.request", {}],
  ["spec.sample", "100%"],
]);

testRefusals(kind, most, [
  ["spec", undefined, "spec: not set, wanted an object"],
  ["spec.captureRequest", "true", 'spec.captureRequest: found "true", wanted true or false'],
  ["spec.captureResponse", 1, "spec.captureResponse: found 1, wanted true or false"],
  [
    "spec.redactHeaders",
    "x-api-key",
    'spec.redactHeaders: found "x-api-key", wanted a list of at most 64',
  ],
  [
    "spec.redactHeaders",
    ["a b"],
    'spec.redactHeaders[0]: found "a b", wanted a header name such as "x-request-id"',
  ],
  [
    "spec.redactHeaders",
    ["a", "a"],
    'spec.redactHeaders[1]: found "a", wanted different values: item 0 has it too',
  ],
  [
    "spec.sample",
    "5",
    'spec.sample: found "5", wanted a share such as "5%" or "0.25%": it is no number with up to four places and "%"',
  ],
  [
    "spec.redactJsonPaths.0",
    "messages",
    'spec.redactJsonPaths[0]: found "messages", wanted a JSON path such as "$.messages[*].content" or "$..email": it does not begin with "$"',
  ],
  [
    "spec.redactShapes.0",
    "EMail",
    'spec.redactShapes[0]: found "EMail", wanted "Email", "PhoneNumber", "PaymentCard", "IBAN", "IPAddress" or "USSocialSecurityNumber": did you mean "Email"?',
  ],
  [
    "spec.redactPatterns",
    ["a", "(?=b)"],
    'spec.redactPatterns[1]: found "(?=b)", wanted an RE2 regular expression: RE2 has no lookaround ("(?=") at position 0',
  ],
  [
    "spec.redactPatterns",
    ["a+"],
    "spec.response.maxBytes: found 1048576, wanted at most 65536, because redactPatterns are searched for",
  ],
  [
    "spec.sinkRef",
    "",
    'spec.sinkRef: found an empty string, wanted a DNS label: "a" to "z", digits and "-" inside, at most 63 characters',
  ],
  [
    "spec.captureRequests",
    true,
    'spec.captureRequests: unknown field; known: "captureRequest", "captureResponse", "request", "response", "sample", "keepErrors", "redactHeaders", "redactQuery", "redactJsonPaths", "redactShapes", "redactPatterns", "sinkRef"',
  ],
]);
