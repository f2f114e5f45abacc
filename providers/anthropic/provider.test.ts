import t from "tap";
import { anthropic } from "./provider.ts";

const types = [
  { status: 401, type: "authentication_error" },
  { status: 403, type: "permission_error" },
  { status: 429, type: "rate_limit_error" },
  { status: 503, type: "api_error" },
];
for (const { status, type } of types) {
  t.test(`errorBody() is of ${type} with status ${status}`, async (t) => {
    t.strictSame(anthropic.errorBody({ status, message: "m", code: "c" }), {
      type: "error",
      error: { type, message: "m" },
    });
  });
}

t.test("ownHeaders are those of Anthropic alone", async (t) => {
  t.strictSame(anthropic.ownHeaders, ["anthropic-*"]);
});
