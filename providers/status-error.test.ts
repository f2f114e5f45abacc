import t from "tap";
import { errorOfStatus, kindOfStatus } from "./status-error.ts";

for (const { status, kind } of [
  { status: 400, kind: "invalid-request" },
  { status: 401, kind: "authentication" },
  { status: 403, kind: "permission" },
  { status: 404, kind: "not-found" },
  { status: 408, kind: "timeout" },
  { status: 413, kind: "too-large" },
  { status: 418, kind: "invalid-request" },
  { status: 429, kind: "rate-limit" },
  { status: 500, kind: "server" },
  { status: 502, kind: "server" },
  { status: 503, kind: "overloaded" },
  { status: 504, kind: "timeout" },
  { status: 529, kind: "overloaded" },
  { status: 599, kind: "server" },
] as const) {
  t.test(`kindOfStatus() of ${status} is ${kind}`, async (t) => {
    t.equal(kindOfStatus(status), kind);
  });
}

t.test("errorOfStatus() says so in a sentence", async (t) => {
  t.same(errorOfStatus(502), {
    status: 502,
    kind: "server",
    message: "The provider answered with status 502 and a body that is not an error of its API",
    code: null,
  });
});
