import t from "tap";
import { isConcludedEnd } from "./concluded-end.ts";

t.test("isConcludedEnd() tells ends that nobody saw", async (t) => {
  t.equal(isConcludedEnd("GatewayGone"), true);
  t.equal(isConcludedEnd("NotHeard"), true);
  t.equal(isConcludedEnd("ExitCode"), false);
});
