/** Pages about kinds: names, an example that is valid, fields and rules. */
import t from "tap";
import { egressGatewayKind } from "./egress-gateway.ts";
import { invocationKind } from "./invocation.ts";
import { kindExample } from "./kind-examples.ts";
import { kinds } from "./kinds.ts";
import { referencePage } from "./reference-page.ts";
import { expectObject } from "./testdata/kind-cases.ts";

const page = referencePage(egressGatewayKind);

t.test("referencePage() has names, fields with their forms, rules and status", (t) => {
  for (const line of [
    "# EgressGateway",
    "- `apiVersion: clrk.apoxy.dev/v1alpha1`, named `egressgateways`, `egw`, in `clrk`",
    "- columns: Name, Policy, Listeners, Age",
    "| `spec.listeners[].port` | 1 to 65535 |  | Destination port that the agent dials; any port when absent |",
    '| `spec.defaultPolicy` | `deny-all`, `allow-all` | `"deny-all"` | What happens to traffic that no route is about |',
    "- Secrets are named in the gateway's own namespace (kept by the gateway; a plain Kubernetes API server cannot)",
    "- `spec.listeners[].tls`: caCertRef goes with mode Terminate",
    "| `status.listeners[].attachedRoutes` | 0 to 2147483647 |  | Routes whose traffic it carries |",
  ]) {
    t.ok(page.split("\n").includes(line), line);
  }
  t.end();
});

t.test("referencePage() of a record says that nobody writes it", (t) => {
  t.match(referencePage(invocationKind), /- a record, which nobody writes: it has no CRD/);
  t.end();
});

t.test("kindExample() of each kind of our group is valid, and the page shows it", (t) => {
  for (const definition of kinds.filter(({ group }) => group !== "")) {
    const example = kindExample(definition.kind);
    t.equal(expectObject(definition.parse(example)).kind, definition.kind);
    const result = definition.parse(example);
    t.strictSame(result.kind === "valid" && result.warnings, []);
  }
  t.equal(kindExample("Secret"), undefined);
  t.end();
});
