/** Tests what all clusters have in common. */
import t from "tap";
import { baseCluster, unlimitedRequests, withConnectionBound } from "./base-cluster.ts";

t.test("baseCluster() bounds nothing that policy would have to", async (t) => {
  const { name, circuitBreakers } = baseCluster("x");
  const value = unlimitedRequests;
  t.equal(name, "x");
  t.match(circuitBreakers?.thresholds, [
    {
      maxConnections: { value },
      maxPendingRequests: { value },
      maxRequests: { value },
      maxRetries: { value },
    },
  ]);
  t.ok(unlimitedRequests > 100_000);
});

t.test("baseCluster() has no endpoint, and ends connects that hang", async (t) => {
  const { loadAssignment, connectTimeout } = baseCluster("x");
  t.equal(loadAssignment, undefined);
  t.match(connectTimeout, { seconds: 5 });
});

t.test("withConnectionBound() bounds connections and nothing else", async (t) => {
  const cluster = baseCluster("x");
  t.equal(withConnectionBound(cluster, undefined), cluster);
  t.match(withConnectionBound(cluster, 7).circuitBreakers?.thresholds, [
    { maxConnections: { value: 7 }, maxRequests: { value: unlimitedRequests } },
  ]);
  t.same(withConnectionBound({ name: "y" }, 7), { name: "y" });
});
