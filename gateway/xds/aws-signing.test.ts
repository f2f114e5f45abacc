/** Tests Envoy's own signer: per-route service and region, and credentials that are replaced while it runs. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import { secureRequest } from "../testdata/agent.ts";
import { tlsUpstream } from "../testdata/echo-upstream.ts";
import { needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import {
  backend,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  sigv4,
} from "../testdata/gateway-snapshot.ts";
import { AWS_PROFILE, awsSigner, awsSigningConfig } from "./aws-signing.ts";

const host = "bedrock-runtime.us-east-1.amazonaws.com";

function credentialsFile(id: string): string {
  return `[${AWS_PROFILE}]\naws_access_key_id=${id}\naws_secret_access_key=very-secret\n`;
}

t.test(
  "awsSigningConfig() signs with the file's credentials, or with those of another file",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const file = path.join(rig.directory, "credentials");
    await writeFile(file, credentialsFile("AKIDONE"), { mode: 0o600 });
    const alias = { address: "127.0.0.1", port: upstream.port };
    const rule = httpRule({ action: forward({ credentials: [sigv4("aws")] }) });
    const target = backend("a.example.com", { alias, credentials: [sigv4("aws")] });
    const snapshot = gatewaySnapshot({
      hosts: [
        { ...hostPolicy(host, rule), alias },
        hostPolicy("api.example.com", httpRule({ action: forward({ backends: [target] }) })),
      ],
    });
    const verdict = await rig.publish(snapshot, { signingFile: () => file });
    t.equal(verdict.kind, "live");
    const headers = { authorization: "Bearer agent-key", "x-amz-security-token": "agent-key" };
    const sign = async (name: string) => {
      const reply = await secureRequest(rig, name, { method: "POST", body: "{}", headers });
      t.equal(reply.status, 200, reply.text);
      return upstream.seen.at(-1)?.headers["authorization"] ?? "";
    };
    t.match(
      await sign(host),
      /^AWS4-HMAC-SHA256 Credential=AKIDONE\/\d{8}\/us-east-1\/bedrock\/aws4_request/,
    );
    t.match(await sign("api.example.com"), /Credential=AKIDONE\//);
    t.equal(upstream.seen.at(-1)?.headers["host"], "a.example.com");
    t.notMatch(JSON.stringify(upstream.seen), /agent-key/);
    await writeFile(`${file}-2`, credentialsFile("AKIDTWO"), { mode: 0o600 });
    await rig.publish(snapshot, { signingFile: () => `${file}-2` });
    t.match(await sign(host), /Credential=AKIDTWO\//);
  },
);

t.test("awsSigner() reads the profile from the file and never holds a value", async (t) => {
  t.same(awsSigner("s3", "eu-west-1", { file: "/run/aws/a", hostRewrite: "x.example.com" }), {
    serviceName: "s3",
    region: "eu-west-1",
    hostRewrite: "x.example.com",
    credentialProvider: {
      customCredentialProviderChain: true,
      credentialsFileProvider: {
        profile: "clrk",
        credentialsDataSource: { filename: "/run/aws/a" },
      },
    },
  });
});

t.test(
  "awsSigningConfig() is the per-route form with the service and region of the policy",
  async (t) => {
    const { AwsRequestSigningPerRoute } = envoy.extensions.filters.http.aws_request_signing.v3;
    const use = sigv4("aws");
    if (use.kind !== "aws-sigv4") throw new TypeError("sigv4() makes a signing use");
    const config = tryUnpackAny(
      awsSigningConfig(use, undefined, "/run/aws/a"),
      AwsRequestSigningPerRoute,
    );
    t.equal(config?.awsRequestSigning?.serviceName, "bedrock");
    t.equal(config?.awsRequestSigning?.region, "us-east-1");
    t.equal(config?.awsRequestSigning?.hostRewrite, "");
  },
);
