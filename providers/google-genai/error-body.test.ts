import t from "tap";
import { googleErrorBody } from "./error-body.ts";

const bodies: readonly (readonly [number, string])[] = [
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [429, "RESOURCE_EXHAUSTED"],
  [502, "UNAVAILABLE"],
  [503, "UNAVAILABLE"],
];

for (const [code, status] of bodies) {
  t.test(`googleErrorBody() says ${status} for ${code}`, async (t) => {
    t.same(googleErrorBody({ status: code, message: "Why", code: "clrk_default_policy" }), {
      error: { code, message: "Why", status },
    });
  });
}
