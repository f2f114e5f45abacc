/** AgentSandboxRevision: what was run, as the control plane writes it. */
import t from "tap";
import { agentSandboxRevisionKind } from "./agent-sandbox-revision.ts";
import { expectObject, objectOf, testAcceptance, testRefusals } from "./testdata/kind-cases.ts";

const least = objectOf("AgentSandboxRevision", { image: "agent:1" });

t.test("parse() gives what a sandbox needs", (t) => {
  const { spec } = expectObject(agentSandboxRevisionKind.parse(least));
  t.same(spec, { image: "agent:1", command: [], args: [], env: [], egressRefs: [] });
  t.end();
});

testAcceptance(agentSandboxRevisionKind, least, [
  ["metadata.name", "summary-00012"],
  ["spec.args", ["-v", ""]],
  ["spec.resources", { memory: "1Gi" }],
  ["spec.egressRefs", [{ gatewayRef: "default" }]],
  ["spec.delivery", { mode: "Metadata" }],
]);

testRefusals(agentSandboxRevisionKind, least, [
  [
    "spec.image",
    "a b",
    'spec.image: found "a b", wanted an image such as "registry.example.com/agent:1.2"',
  ],
  [
    "spec.delivery",
    { mode: "Post" },
    'spec.delivery.mode: found "Post", wanted "Stdin" or "Metadata"',
  ],
  ["spec.args", [1], "spec.args[0]: found 1, wanted a string"],
]);
