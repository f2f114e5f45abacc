import t from "tap";
import { describeRejection, explainRejection } from "./rejection-text.ts";

t.test("explainRejection() says what to do about a port that is taken", async (t) => {
  const message =
    "Error adding/updating listener(s) explicit-proxy: cannot bind '127.0.0.1:22322': Address already in use";
  t.match(explainRejection(message), /^another program listens on 127\.0\.0\.1:22322: end it, or/);
});

t.test("explainRejection() leaves all else in Envoy's words", async (t) => {
  t.equal(explainRejection("Unable to unpack as Cluster"), "Unable to unpack as Cluster");
});

t.test("describeRejection() names the gateway and the reason", async (t) => {
  t.equal(
    describeRejection({ gateway: "default/egress", message: "no" }),
    "Envoy rejected the configuration of default/egress and keeps the one before: no",
  );
});
