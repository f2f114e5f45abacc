import t from "tap";
import { parseAllDocuments } from "yaml";
import { parseAnyObject } from "../../crds/kinds.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "./gateway-manifests.ts";

function parse(text: string) {
  return parseAllDocuments(text).map((document) => parseAnyObject(document.toJS()));
}

const rows = [
  { name: "gatewayManifest() without options", text: gatewayManifest() },
  {
    name: "gatewayManifest() with aliases, authority and more of spec",
    text: gatewayManifest({
      name: "other",
      aliases: [{ port: 8443, hostnames: ["a.test"] }],
      upstreamCa: "-----BEGIN CERTIFICATE-----\n",
      listeners: [{ name: "raw", protocol: "TCP" }],
      spec: { requestTimeout: "1s" },
    }),
  },
  { name: "allowHosts()", text: allowHosts("echo", ["a.test", "*.b.test"]) },
  {
    name: "objectManifest() of a kind without parents",
    text: objectManifest("Backend", "a", { upstream: { host: "a.test" } }),
  },
  {
    name: "headerCredential() for a backend",
    text: headerCredential({
      secret: "key",
      route: { kind: "AIProviderRoute", name: "models", sectionName: "a" },
      headerName: "Authorization",
      valuePrefix: "Bearer ",
    }),
  },
];

for (const { name, text } of rows) {
  t.test(`${name} is valid to the product`, async (test) => {
    for (const result of parse(text)) test.match(result, { kind: "valid" });
  });
}

t.test("gatewayManifest() names the Secret that it brings", async (test) => {
  test.match(parse(gatewayManifest({ upstreamCa: "pem" })), [
    {
      object: {
        kind: "EgressGateway",
        spec: { upstreamTLS: { additionalTrustBundleSecretRef: { name: "egress-upstream-ca" } } },
      },
    },
    { object: { kind: "Secret", metadata: { name: "egress-upstream-ca" } } },
  ]);
});

t.test("objectManifest() attaches routes, and only routes, to the gateway egress", async (test) => {
  test.match(parse(allowHosts("echo", ["a.test"])), [
    { object: { spec: { parentRefs: [{ kind: "EgressGateway", name: "egress" }] } } },
  ]);
  test.notOk(objectManifest("Backend", "a", {}).includes("parentRefs"));
});
