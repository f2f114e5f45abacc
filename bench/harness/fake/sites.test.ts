import t from "tap";
import { fixedEnvironment, jsonOf } from "./fake-request.ts";
import { createSites } from "./sites.ts";

const always = { openAiKey: "a", anthropicKey: "b" };
const all = createSites(
  {
    ...always,
    google: { apiKey: "c", vertexToken: "d" },
    bedrock: { signer: { accessKeyId: "e", secretAccessKey: "f" } },
    azureKey: "g",
    compatible: { host: "models.test", apiKey: "h" },
  },
  fixedEnvironment,
);

const shapes = [
  ["api.openai.com", { error: { type: "server_error" } }],
  ["api.anthropic.com", { type: "error" }],
  ["generativelanguage.googleapis.com", { error: { status: "INTERNAL" } }],
  ["aiplatform.googleapis.com", { error: { status: "INTERNAL" } }],
  ["europe-west4-aiplatform.googleapis.com", { error: { status: "INTERNAL" } }],
  ["bedrock-runtime.eu-west-1.amazonaws.com", { message: /unexpected error/ }],
  ["any.openai.azure.com", { error: { code: "InternalServerError" } }],
  ["models.test", { error: { code: 500 } }],
] as const;

for (const [host, shape] of shapes) {
  t.test(`createSites() has the provider of ${host}`, async (test) => {
    const site = all(host);
    test.ok(site);
    if (site !== undefined) test.match(jsonOf(site.failure(500)), shape);
  });
}

t.test(
  "createSites() leaves out hosts of nobody, and providers without credentials",
  async (test) => {
    for (const host of [
      "models.test.x",
      "xapi.openai.com",
      "openai.azure.com",
      "s3.amazonaws.com",
    ]) {
      test.equal(all(host), undefined, host);
    }
    const few = createSites(always, fixedEnvironment);
    test.same(
      shapes.map(([host]) => few(host) !== undefined),
      [true, true, ...shapes.slice(2).map(() => false)],
    );
  },
);
