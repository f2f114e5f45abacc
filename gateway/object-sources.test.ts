/** Tests of manifests and Secrets together: one set at the start, and again whenever either changes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { systemClock } from "./clock.ts";
import { compile } from "./compile.ts";
import type { CompileResult } from "./compile.ts";
import { silentLogger } from "./log.ts";
import { ObjectSources } from "./object-sources.ts";
import { parseSecretFlag } from "./secret-flag.ts";
import { eventually } from "./testdata/envoy-rig.ts";
import { httpRecord } from "./testdata/egress-record.ts";

const parents = "[{ group: clrk.apoxy.dev, kind: EgressGateway, name: egress }]";
const manifest = `apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressGateway
metadata: { name: egress }
spec: { listeners: [{ name: https, protocol: HTTPS, port: 443 }] }
---
apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressHTTPRoute
metadata: { name: one }
spec: { parentRefs: ${parents}, hostnames: [one.test], rules: [{}] }
---
apiVersion: clrk.apoxy.dev/v1alpha1
kind: CredentialInjectionPolicy
metadata: { name: one }
spec:
  targetRefs: [{ group: clrk.apoxy.dev, kind: EgressHTTPRoute, name: one }]
  secretRef: { name: one }
  target: Header
  headerName: authorization
`;

t.test(
  "ObjectSources hands on Secrets with the manifests, and runs what was refused again",
  async (t) => {
    const directory = t.testdir({ policy: { "a.yaml": manifest }, printed: "first" });
    const printed = join(directory, "printed");
    const changes: (readonly string[])[] = [];
    let compiled: CompileResult | undefined;
    const sources = new ObjectSources({
      paths: [join(directory, "policy")],
      secrets: [parseSecretFlag(`one=command:cat ${printed}`)],
      env: { PATH: process.env["PATH"] },
      clock: systemClock,
      log: silentLogger,
      onChange: (loaded) => {
        changes.push(loaded.changes);
        const objects = loaded.objects.map(({ object }) => object);
        compiled = compile({ objects, revision: 1, environment: { ownAddresses: [] } });
      },
      onProblems: ({ problems }) => t.same(problems, []),
    });
    t.teardown(() => sources.close());
    await sources.open();
    t.equal(changes.length, 1);
    const tokenOf = () => compiled?.credentials.get("secret/default/one/token")?.reveal();
    t.equal(tokenOf(), "first");
    t.match(sources.secretStatus(), [{ name: "one", state: "current" }]);
    writeFileSync(printed, "second");
    const base = httpRecord();
    const route = { kind: "EgressHTTPRoute", namespace: "default", name: "one", rule: 0 };
    const refused = {
      ...base,
      startUnixMs: Date.now(),
      response: { ...base.response, status: 401 },
      decision: { ...base.decision, route },
    };
    sources.noteRecord({ ...refused, response: base.response }, compiled?.snapshot);
    sources.noteRecord(refused, compiled?.snapshot);
    await eventually(() => (tokenOf() === "second" ? true : undefined));
    t.same(changes.slice(1), [["Secret default/one changed (data.token)"]]);
    sources.close();
  },
);
