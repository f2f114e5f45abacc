/** Tests of the last changes of a request: its signature is checked by another implementation of AWS's algorithm. */
import { createHash, createHmac } from "node:crypto";
import t from "tap";
import type { Candidate } from "../gateway/routing-plan.ts";
import { SecretValue } from "../gateway/secret-value.ts";
import { createAttemptSigner } from "./attempt-signer.ts";
import { requestFor } from "./candidate-request.ts";
import { finishRequest } from "./outgoing-request.ts";
import type { SentParts } from "./testdata/routing.ts";
import { routingTools } from "./testdata/routing-tools.ts";
import { askedCall, backendOf, candidate, chat, sentRequest } from "./testdata/routing.ts";
import { queryUse, resourceOf, signatureUse } from "./testdata/snapshots.ts";

const secretKey = "wJalrXUtnFEMI/K7MDENG";
const values = new Map([
  [resourceOf("gemini"), "k/e y"],
  [`${resourceOf("aws")}/access_key_id`, "AKIDEXAMPLE"],
  [`${resourceOf("aws")}/secret_access_key`, secretKey],
]);
const credential = (resource: string) => {
  const value = values.get(resource);
  return value === undefined ? undefined : new SecretValue(value);
};
const tools = routingTools({
  credential,
  signer: (signing) => createAttemptSigner(signing, credential),
  nowUnixMs: () => Date.UTC(2026, 0, 2, 3, 4, 5),
});

function finish(target: Candidate, parts: SentParts, provider = "openai", known = tools) {
  const outcome = requestFor(askedCall(provider, parts), target);
  if (outcome.kind !== "ok") throw new TypeError(`Cannot make request: ${outcome.reason}`);
  const sent = sentRequest(parts);
  const finished = finishRequest(sent, { candidate: target, request: outcome.request }, known);
  return { sent, request: outcome.request, finished };
}

/** The signature of a request with the signed headers as they leave, by the steps of AWS's own description. */
function signatureOf(parts: {
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}): string {
  const [path = "", query = ""] = parts.path.split("?");
  const hash = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Buffer, text: string) =>
    createHmac("sha256", key).update(text).digest();
  const headers = parts.headers.toSorted(([left], [right]) => (left < right ? -1 : 1));
  const canonical = [
    "POST",
    path.split("/").map(encodeURIComponent).join("/"),
    query,
    ...headers.map(([name, value]) => `${name}:${value}`),
    "",
    headers.map(([name]) => name).join(";"),
    hash(parts.body),
  ].join("\n");
  const scope = "20260102/us-east-1/bedrock/aws4_request";
  const text = ["AWS4-HMAC-SHA256", "20260102T030405Z", scope, hash(canonical)].join("\n");
  const keys = ["us-east-1", "bedrock", "aws4_request"];
  const key = keys.reduce<Buffer>(hmac, hmac(`AWS4${secretKey}`, "20260102"));
  return createHmac("sha256", key).update(text).digest("hex");
}

t.test("finishRequest() says a path only where it is another one", async (t) => {
  t.match(finish(candidate(), { body: chat() }).finished, { kind: "ok", set: [], remove: [] });
  const other = backendOf("a", "openai", { basePath: "/x" });
  t.match(finish(other, { body: chat() }).finished, { set: [[":path", "/x/chat/completions"]] });
});

t.test(
  "finishRequest() puts credentials into the final path, in place of the agent's",
  async (t) => {
    const gemini = backendOf("gemini", "google_genai", {
      modelRewrites: [{ from: "*", to: "gemini-2.5-pro" }],
      queryCredentials: [queryUse("gemini")],
    });
    const path = "/v1beta/models/gemini-2.5-pro";
    t.match(finish(gemini, { body: chat({ stream: true }) }).finished, {
      set: [
        ["content-type", "application/json"],
        [":path", `${path}:streamGenerateContent?alt=sse&key=k%2Fe%20y`],
      ],
    });
    const own = candidate({ queryCredentials: [queryUse("gemini")] });
    const sent = { path: `${path}:countTokens?key=agents&a=1`, body: { contents: [] } };
    t.match(finish(own, sent, "google_genai").finished, {
      set: [[":path", `${path}:countTokens?a=1&key=k%2Fe%20y`]],
    });
  },
);

t.test("finishRequest() refuses without a credential, and names the policy", async (t) => {
  const own = candidate({ queryCredentials: [queryUse("gone")] });
  t.match(finish(own, { body: chat() }).finished, {
    kind: "refuse",
    refusal: {
      status: 403,
      reason: "credential-missing",
      message:
        "Refused because CredentialInjectionPolicy default/inject gives no credential: its value has not arrived",
    },
  });
  const signing = candidate({ signing: signatureUse("gone") });
  t.match(finish(signing, { body: chat() }).finished, {
    kind: "refuse",
    refusal: { reason: "credential-missing", message: /cannot be signed: its credential has not/ },
  });
});

t.test("finishRequest() signs the body, path, host and headers that leave", async (t) => {
  const target = backendOf("bedrock", "aws_bedrock", {
    authority: "bedrock-runtime.us-east-1.amazonaws.com",
    modelRewrites: [{ from: "*", to: "amazon.nova-pro-v1:0" }],
    signing: signatureUse("aws"),
  });
  const headers = [
    ["content-type", "application/json; charset=utf-8"],
    ["authorization", "Bearer of-the-agent"],
    ["x-amz-meta", "of the agent"],
  ] as const;
  const { finished, request } = finish(target, { body: chat(), headers });
  if (finished.kind !== "ok") return void t.fail(finished.refusal.message);
  const set = new Map(finished.set);
  t.equal(set.get(":path"), "/model/amazon.nova-pro-v1%3A0/converse");
  const wanted = signatureOf({
    path: set.get(":path") ?? "",
    headers: [
      ["content-type", set.get("content-type") ?? ""],
      ["host", target.authority],
      ["x-amz-content-sha256", set.get("x-amz-content-sha256") ?? ""],
      ["x-amz-date", set.get("x-amz-date") ?? ""],
      ["x-amz-meta", "of the agent"],
    ],
    body: request.body ?? Buffer.alloc(0),
  });
  t.match(set.get("authorization"), `Signature=${wanted}`);
  t.match(set.get("authorization"), "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta");
});

t.test(
  "finishRequest() signs the host that the agent asked for where a backend names none",
  async (t) => {
    const own = candidate({ signing: signatureUse("aws") });
    const path = "/model/m/converse";
    const { finished, sent } = finish(own, { path, body: { messages: [] } }, "aws_bedrock");
    if (finished.kind !== "ok") return void t.fail(finished.refusal.message);
    const set = new Map(finished.set);
    const wanted = signatureOf({
      path,
      headers: [
        ["host", "api.openai.com"],
        ["x-amz-content-sha256", set.get("x-amz-content-sha256") ?? ""],
        ["x-amz-date", "20260102T030405Z"],
      ],
      body: sent.body,
    });
    t.match(set.get("authorization"), `Signature=${wanted}`);
  },
);

t.test("finishRequest() shows no value in a refusal", async (t) => {
  const target = candidate({ signing: signatureUse("aws") });
  const signed = "/model/m/converse?X-Amz-Signature=abc";
  const { finished } = finish(target, { path: signed, body: { messages: [] } }, "aws_bedrock");
  t.match(finished, { kind: "refuse", refusal: { message: /its query carries a signature/ } });
  t.notMatch(JSON.stringify(finished), /AKID|wJalr|abc/);
});
