/** DaemonAgent: defaults, and refusals with exact messages. */
import t from "tap";
import { daemonAgentKind } from "./daemon-agent.ts";
import { expectObject, objectOf, testAcceptance, testRefusals } from "./testdata/kind-cases.ts";

const least = objectOf("DaemonAgent", {
  template: { spec: { image: "agent:1" } },
  workerPoolRef: "default",
});

t.test("parse() of the least agent has it started again always", (t) => {
  t.same(expectObject(daemonAgentKind.parse(least)).spec, {
    template: { spec: { image: "agent:1", command: [], args: [], env: [] } },
    workerPoolRef: "default",
    restartPolicy: "Always",
    egressRefs: [],
  });
  t.end();
});

testAcceptance(daemonAgentKind, least, [
  ["spec.restartPolicy", "Never"],
  ["spec.maxRestarts", 0],
  ["spec.maxLifetimeSeconds", 3600],
  ["spec.resources", { memory: "1Gi" }],
]);

testRefusals(daemonAgentKind, least, [
  [
    "spec.restartPolicy",
    "always",
    'spec.restartPolicy: found "always", wanted "Always", "OnFailure" or "Never": did you mean "Always"?',
  ],
  ["spec.maxRestarts", -1, "spec.maxRestarts: found -1, wanted an integer from 0 to 2147483647"],
  [
    "spec.maxLifetimeSeconds",
    1.5,
    "spec.maxLifetimeSeconds: found 1.5, wanted an integer from 0 to 2147483647",
  ],
  [
    "spec.timeout",
    "5m",
    'spec.timeout: unknown field; known: "template", "workerPoolRef", "resources", "restartPolicy", "maxRestarts", "maxLifetimeSeconds", "egressRefs"',
  ],
]);
