/** LoggingPolicy: switches and header names. */
import t from "tap";
import { loggingPolicyKind as kind } from "./logging-policy.ts";
import { expectObject, objectOf, testAcceptance, testRefusals } from "./testdata/kind-cases.ts";

const most = objectOf("LoggingPolicy", {
  captureRequest: true,
  captureResponse: false,
  redactHeaders: ["X-Api-Key"],
  sinkRef: "archive",
});

t.test("parse() keeps all that can be said", (t) => {
  t.same(expectObject(kind.parse(most)).spec, {
    captureRequest: true,
    captureResponse: false,
    redactHeaders: ["X-Api-Key"],
    sinkRef: "archive",
  });
  t.same(expectObject(kind.parse(objectOf("LoggingPolicy", {}))).spec, { redactHeaders: [] });
  t.end();
});

testAcceptance(kind, most, [
  ["spec.redactHeaders", []],
  ["spec.sinkRef", undefined],
  ["spec.redactHeaders", ["proxy-authorization", "a"]],
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
    "spec.sinkRef",
    "",
    'spec.sinkRef: found an empty string, wanted a name without spaces, such as "team-budget"',
  ],
  [
    "spec.captureRequests",
    true,
    'spec.captureRequests: unknown field; known: "captureRequest", "captureResponse", "redactHeaders", "sinkRef"',
  ],
]);
