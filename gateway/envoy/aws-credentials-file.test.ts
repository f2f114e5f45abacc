/** Tests the credential files of Envoy's request signer: which secrets get one, and what stands in it. */
import t from "tap";
import { SecretValue } from "../secret-value.ts";
import {
  backend,
  bearer,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  sigv4,
} from "../testdata/gateway-snapshot.ts";
import { awsCredentialsFile } from "./aws-credentials-file.ts";

const resource = "secret/default/aws/token";

function credentialsOf(parts: Readonly<Record<string, string>>) {
  return new Map(
    Object.entries(parts).map(([key, value]) => [`${resource}/${key}`, new SecretValue(value)]),
  );
}

function filesOf(parts: Readonly<Record<string, string>>) {
  const rule = httpRule({ action: forward({ credentials: [sigv4("aws")] }) });
  const gateway = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", rule)] });
  return awsCredentialsFile(gateway, credentialsOf(parts));
}

t.test("awsCredentialsFile() writes a profile of key and secret", async (t) => {
  t.same(
    [...filesOf({ access_key_id: "AKID", secret_access_key: "s3cr3t/+=" })],
    [[resource, "[clrk]\naws_access_key_id=AKID\naws_secret_access_key=s3cr3t/+=\n"]],
  );
});

t.test("awsCredentialsFile() adds the session token where there is one", async (t) => {
  const files = filesOf({ access_key_id: "A", secret_access_key: "B", session_token: "C" });
  t.match(files.get(resource), /\naws_session_token=C\n$/);
});

t.test(
  "awsCredentialsFile() leaves absent parts empty, with which Envoy signs nothing",
  async (t) => {
    t.equal(filesOf({}).get(resource), "[clrk]\naws_access_key_id=\naws_secret_access_key=\n");
  },
);

t.test("awsCredentialsFile() keeps a line end out of the file", async (t) => {
  const files = filesOf({ access_key_id: "AKID\n", secret_access_key: "B\n[other]\nrole_arn=x" });
  t.equal(
    files.get(resource),
    "[clrk]\naws_access_key_id=AKID\naws_secret_access_key=B[other]role_arn=x\n",
  );
});

t.test("awsCredentialsFile() covers backends and no header credentials", async (t) => {
  const target = backend("b.example.com", { credentials: [sigv4("aws"), bearer("first")] });
  const rules = [
    httpRule({ action: forward({ backends: [target] }) }),
    httpRule({ action: forward({ credentials: [bearer("all")] }) }),
    httpRule({ action: { kind: "deny", status: 403, reason: "deny-policy", message: "No" } }),
  ];
  const gateway = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", ...rules)] });
  t.same([...awsCredentialsFile(gateway, new Map()).keys()], [resource]);
});
