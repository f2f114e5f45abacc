import t from "tap";
import { blankRequest, blankUsage } from "./blank-request.ts";
import { chatFeatures } from "./request-features.ts";

t.test("blankRequest uses no feature, and cannot be changed", async (t) => {
  t.same(chatFeatures(blankRequest, "any"), []);
  t.ok(Object.isFrozen(blankRequest));
});

t.test("blankUsage tells nothing, and cannot be changed", async (t) => {
  t.ok(Object.values(blankUsage).every((value) => value === null));
  t.ok(Object.isFrozen(blankUsage));
});
