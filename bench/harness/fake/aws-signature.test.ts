import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import t from "tap";
import { findSignatureProblem } from "./aws-signature.ts";
import { createRequest } from "./fake-request.ts";
import type { ReceivedRequest } from "./received-request.ts";

const signer = { accessKeyId: "AKID", secretAccessKey: "secret", service: "bedrock" };
const nowMs = Date.parse("2026-11-28T12:00:00Z");
const host = "bedrock-runtime.eu-west-1.amazonaws.com";
const path = "/model/anthropic.claude%3A0/converse";

/** A request that AWS's own signer signed. */
async function signed(
  change: {
    readonly service?: string;
    readonly region?: string;
    readonly sessionToken?: string;
  } = {},
): Promise<ReceivedRequest> {
  const body = '{"a":"ü"}';
  const { service = "bedrock", region = "eu-west-1", sessionToken } = change;
  const { accessKeyId, secretAccessKey } = signer;
  const credentials = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
  };
  const signature = new SignatureV4({ credentials, region, service, sha256: Sha256 });
  const { headers } = await signature.sign(
    {
      method: "POST",
      protocol: "https:",
      hostname: host,
      path,
      headers: { host, "content-type": "application/json" },
      body,
    },
    { signingDate: new Date(nowMs) },
  );
  return { ...createRequest({ path, headers, body }), host, authority: host };
}

t.test("findSignatureProblem() finds none in what AWS's signer signed", async (test) => {
  test.equal(findSignatureProblem(await signed(), signer, nowMs), undefined);
  const withToken = await signed({ sessionToken: "a/b+c=" });
  test.equal(findSignatureProblem(withToken, signer, nowMs), undefined);
});

t.test("findSignatureProblem() tells what is wrong", async (test) => {
  const good = await signed();
  const { authorization = "" } = good.headers;
  const change = (headers: Record<string, string>): ReceivedRequest => ({
    ...good,
    headers: { ...good.headers, ...headers },
  });
  const cases: [string, ReceivedRequest, string, number?][] = [
    ["no header", { ...good, headers: {} }, "missing"],
    ["another scheme", change({ authorization: "Basic x" }), "incomplete"],
    ["another service", await signed({ service: "s3" }), "incomplete"],
    ["another region", await signed({ region: "us-east-1" }), "incomplete"],
    ["a token that is not signed", change({ "x-amz-security-token": "x" }), "incomplete"],
    ["another key", change({ authorization: authorization.replace("AKID", "AKIE") }), "unknown"],
    ["another body", { ...good, bodySha256: "00" }, "mismatch"],
    ["another path", { ...good, path: "/model/other/converse" }, "mismatch"],
    ["an old date", good, "expired", nowMs + 600_000],
  ];
  for (const [name, request, problem, at = nowMs] of cases) {
    test.equal(findSignatureProblem(request, signer, at), problem, name);
  }
});
