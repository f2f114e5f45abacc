/** Tests that a real Envoy accepts every configuration that we can generate. */
import t from "tap";
import type { GatewaySnapshot } from "./snapshot.ts";
import { needsEnvoy, startRig } from "./testdata/envoy-rig.ts";
import {
  everythingSnapshot,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "./testdata/gateway-snapshot.ts";

const snapshots: readonly { readonly name: string; readonly snapshot: GatewaySnapshot }[] = [
  { name: "minimal", snapshot: gatewaySnapshot() },
  { name: "no listeners", snapshot: gatewaySnapshot({ listeners: [] }) },
  { name: "everything at once", snapshot: everythingSnapshot() },
  { name: "everything, allow-all", snapshot: everythingSnapshot({ defaultPolicy: "allow-all" }) },
  {
    name: "everything, refused",
    snapshot: everythingSnapshot({
      refusal: { reason: "not-enforced", message: "100% refused: %REQ(cookie)%" },
    }),
  },
  { name: "allow-all without rules", snapshot: gatewaySnapshot({ defaultPolicy: "allow-all" }) },
  {
    name: "one TCP listener",
    snapshot: gatewaySnapshot({ listeners: [{ name: "tcp", shape: "tcp", port: 22 }] }),
  },
  {
    name: "two TCP listeners",
    snapshot: gatewaySnapshot({
      listeners: [
        { name: "ssh", shape: "tcp", port: 22 },
        { name: "smtp", shape: "tcp", port: 25 },
      ],
    }),
  },
  {
    name: "no guard",
    snapshot: gatewaySnapshot({
      defaultPolicy: "allow-all",
      listeners: [{ name: "tcp", shape: "tcp" }],
      upstream: { lookupFamily: "All", additionalTrustPem: "", guardedRanges: [] },
    }),
  },
  {
    name: "a provider's own wildcard",
    snapshot: gatewaySnapshot({ hosts: [hostPolicy("*.openai.azure.com", httpRule())] }),
  },
  {
    name: "V6Only",
    snapshot: gatewaySnapshot({
      upstream: { lookupFamily: "V6Only", additionalTrustPem: "", guardedRanges: ["::1/128"] },
    }),
  },
];

t.test("Envoy accepts every type of what xdsResources() makes", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  const credentials = Object.fromEntries(
    ["openai", "first", "all", "aws"].map((name) => [`secret/default/${name}/token`, "value"]),
  );
  for (const { name, snapshot } of snapshots) {
    const verdict = await rig.publish(snapshot, { credentials });
    t.equal(verdict.kind, "live", `${name}: ${verdict.kind === "rejected" ? verdict.message : ""}`);
  }
  t.same(rig.logLines, []);
});
