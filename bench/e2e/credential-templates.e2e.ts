/** Credentials that are made of several keys of a Secret: what the upstream gets, and that nothing else shows them. */
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const hosts = ["basic.test", "signed.test", "lacking.test"];
const upstreams = await startUpstreams(t, { tlsHosts: hosts });

function templated(name: string, headerName: string, valueTemplate: string): string {
  const route = { group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name };
  return (
    allowHosts(name, [`${name}.test`]) +
    objectManifest("CredentialInjectionPolicy", name, {
      targetRefs: [route],
      secretRef: { name: "registry" },
      target: "Header",
      headerName,
      valueTemplate,
    })
  );
}

function registry(password: string): string {
  const stringData = { username: "robot", password, "key.id": "%k1%" };
  const metadata = { name: "registry" };
  return JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, stringData });
}

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "routes.yaml": [
      templated("basic", "Authorization", `Basic \${base64(\${username}:\${password})}`),
      templated("signed", "X-Signed", `keyId="\${key.id}", user="$$\${username}"`),
      templated("lacking", "Authorization", `Basic \${base64(\${username}:\${pin})}`),
    ].join(""),
    "secret.yaml": registry("before"),
  },
});
const run = await gateway.registerRun("templates");

async function headersAt(host: string) {
  upstreams.tls.reset();
  const headers = { authorization: "Basic placeholder", "x-signed": "placeholder" };
  const response = await requestThrough(run, `https://${host}/bytes/10`, { headers });
  return { response, headers: upstreams.tls.requests.at(-1)?.headers };
}

function basicOf(password: string): string {
  return `Basic ${Buffer.from(`robot:${password}`).toString("base64")}`;
}

t.test(
  "Basic authentication is written from two keys, and a change of one is followed",
  async (test) => {
    for (const password of ["pässwörd one", "two"]) {
      await gateway.change("secret.yaml", registry(password));
      const { response, headers } = await headersAt("basic.test");
      test.equal(response.status, 200);
      test.equal(headers?.["authorization"], basicOf(password));
    }
  },
);

t.test(
  "text of a template and signs of Envoy's formats in values arrive as they are",
  async (test) => {
    const { response, headers } = await headersAt("signed.test");
    test.equal(response.status, 200);
    test.equal(headers?.["x-signed"], 'keyId="%k1%", user="$robot"');
    test.equal(headers?.["authorization"], undefined);
  },
);

t.test("a key that the Secret lacks is named, and nothing is forwarded", async (test) => {
  const { response, headers } = await headersAt("lacking.test");
  test.equal(response.status, 403);
  test.equal(response.headers["x-clrk-deny-reason"], "credential-missing");
  test.match(response.text, /Secret default\/registry has no key \\"pin\\"/);
  test.equal(headers, undefined);
});

t.test("the record names the Secret, and nothing says what it becomes", async (test) => {
  const record = await gateway.waitForRecord(({ request }) => request.host === "basic.test");
  test.match(record, {
    credential: { name: "Secret default/registry", header: "authorization" },
    tier: "native",
  });
  const said = JSON.stringify([await gateway.objects(), gateway.records, gateway.log]);
  for (const hidden of ["pässwörd", basicOf("pässwörd one"), basicOf("two")]) {
    test.notOk(said.includes(hidden));
  }
});
