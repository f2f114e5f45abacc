/** Joined plans of what is kept: never more than each of them alone. */
import t from "tap";
import type { CapturePlan } from "./snapshot-terms.ts";
import { strictestCapture } from "./strictest-capture.ts";

const bounds = { maxBytes: 100, contentTypes: ["application/json", "text/plain"] };
const usual: CapturePlan = {
  request: true,
  response: true,
  requestBody: bounds,
  responseBody: bounds,
  sample: 1,
  keepsErrors: true,
  redactHeaders: ["a"],
  redactQuery: ["q"],
  redactBody: { jsonPaths: ["$.a"], shapes: ["Email"], patterns: ["x"] },
};

t.test("strictestCapture() keeps what all keep, and takes out what any takes out", async (t) => {
  const other: CapturePlan = {
    ...usual,
    response: false,
    requestBody: { maxBytes: 50, contentTypes: ["text/plain", "text/html"] },
    sample: 0.2,
    keepsErrors: false,
    redactHeaders: ["b"],
    redactQuery: ["q", "r"],
    redactBody: { jsonPaths: ["$.b"], shapes: ["Email", "PaymentCard"], patterns: ["y"] },
  };
  const joined: CapturePlan = {
    request: true,
    response: false,
    requestBody: { maxBytes: 50, contentTypes: ["text/plain"] },
    responseBody: bounds,
    sample: 0.2,
    keepsErrors: false,
    redactHeaders: ["a", "b"],
    redactQuery: ["q", "r"],
    redactBody: {
      jsonPaths: ["$.a", "$.b"],
      shapes: ["Email", "PaymentCard"],
      patterns: ["x", "y"],
    },
  };
  t.same(strictestCapture([usual, other]), joined);
  t.equal(strictestCapture([usual, usual]), usual, "the same plan, with what was made of it");
});

t.test("strictestCapture() keeps nothing where one of them keeps nothing of it", async (t) => {
  t.equal(strictestCapture([]), undefined);
  t.equal(strictestCapture([usual, undefined]), undefined);
  t.equal(strictestCapture([undefined, usual]), undefined);
  const [asks, answers] = [
    { ...usual, response: false },
    { ...usual, request: false },
  ];
  t.equal(strictestCapture([asks, answers]), undefined);
});
