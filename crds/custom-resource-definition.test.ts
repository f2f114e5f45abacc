/** CRDs: names, columns and subresources; the schemas have tests of their own. */
import t from "tap";
import { customResourceDefinition } from "./custom-resource-definition.ts";
import { invocationKind } from "./invocation.ts";
import { secretKind } from "./secret.ts";
import { taskAgentKind } from "./task-agent.ts";

t.test("customResourceDefinition() has all names, columns and the status subresource", (t) => {
  const definition = customResourceDefinition(taskAgentKind);
  t.match(definition, {
    apiVersion: "apiextensions.k8s.io/v1",
    metadata: { name: "taskagents.clrk.apoxy.dev" },
    spec: {
      group: "clrk.apoxy.dev",
      scope: "Namespaced",
      names: {
        kind: "TaskAgent",
        listKind: "TaskAgentList",
        plural: "taskagents",
        singular: "taskagent",
        shortNames: ["ta"],
        categories: ["clrk"],
      },
      versions: [{ name: "v1alpha1", subresources: { status: {} } }],
    },
  });
  t.same(definition.spec.versions[0]?.additionalPrinterColumns[4], {
    name: "Image",
    type: "string",
    jsonPath: ".spec.template.spec.image",
    priority: 1,
  });
  t.end();
});

for (const kind of [invocationKind, secretKind]) {
  t.test(`customResourceDefinition() throws for ${kind.kind}`, (t) => {
    const message = `Cannot define "${kind.plural}": it is no stored kind of our group`;
    t.throws(() => customResourceDefinition(kind), new TypeError(message));
    t.end();
  });
}
