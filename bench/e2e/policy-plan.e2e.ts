/** `clrk policy plan` beside a gateway that serves: real records, the real command line, and what is served to compare with. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { runProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const program = join(import.meta.dirname, "../../control/cli/main.ts");
const upstreams = await startUpstreams(t, { tlsHosts: ["echo.test", "quiet.test"] });
const models = (rules: readonly object[]) => objectManifest("AIProviderRoute", "models", { rules });
const web = (hostnames: readonly string[]) =>
  objectManifest("EgressHTTPRoute", "web", { hostnames, rules: [{}] });
const bearer = {
  ...{ secret: "openai", headerName: "Authorization", valuePrefix: "Bearer " },
  route: { kind: "AIProviderRoute", name: "models" },
};
const team = objectManifest("CredentialInjectionPolicy", "team", {
  targetRefs: [{ group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "models" }],
  ...{ secretRef: { name: "team" }, target: "Header", headerName: "X-Team-Key" },
});
const teamSecret = JSON.stringify({
  ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "team" } },
  stringData: { token: "team" },
});

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "models.yaml": models([{ matches: [{ provider: "openai", models: ["gpt-4o*", "gpt-5"] }] }]),
    "web.yaml": web(["echo.test"]),
    "credentials.yaml": headerCredential(bearer),
  },
  secrets: [{ name: "openai", value: openAiKey }],
});
const run = await gateway.registerRun("planner");

function chat(model: string) {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] });
  const headers = { "content-type": "application/json" };
  return requestThrough(run, "https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers,
    body,
  });
}

for (const model of ["gpt-4o", "gpt-4o-mini", "gpt-5", "o3"]) await chat(model);
await requestThrough(run, "https://echo.test/status/200");
await requestThrough(run, "https://quiet.test/status/200");
await waitUntil(() => gateway.records.length >= 6, { deadlineMs: 20_000, what: "records" });

async function plan(
  scope: Test,
  changes: Readonly<Record<string, string>>,
  words: readonly string[] = [],
) {
  const folder = temporaryDirectory(scope);
  cpSync(gateway.directory, folder, { recursive: true });
  for (const [name, text] of Object.entries(changes)) writeFileSync(join(folder, name), text);
  const { stdout, stderr, exitCode } = await runProcess(
    {
      command: process.execPath,
      arguments: [
        "--disable-warning=ExperimentalWarning",
        program,
        "policy",
        "plan",
        "-f",
        folder,
        ...words,
      ],
      environment: { ...process.env, CLRK_HOME: gateway.home },
    },
    30_000,
  );
  return { stdout, stderr, exitCode };
}

/** Lines of the file that is written a little after the records were told. */
async function planned(scope: Test, changes: Readonly<Record<string, string>>) {
  return waitUntil(
    async () => {
      const { stdout, stderr, exitCode } = await plan(scope, changes, ["-o", "json"]);
      if (stdout === "") throw new Error(stderr);
      const summary = JSON.parse(stdout);
      return summary.records >= 6 ? { ...summary, exitCode } : undefined;
    },
    { deadlineMs: 30_000, what: "records in the file" },
  );
}

t.test("what is served changes nothing", async (t) => {
  const { against, records, same, differences, exitCode } = await planned(t, {});
  t.match(against, /^the policy that process \d+ serves, revision \d+$/);
  t.same(
    { records, same, differences, exitCode },
    { records: 6, same: 6, differences: [], exitCode: 0 },
  );
  const recorded = await plan(t, {}, ["--recorded", "-o", "json"]);
  t.match(JSON.parse(recorded.stdout), {
    same: 6,
    differences: [],
    against: "what the records say",
  });
});

t.test("a model less, and a host more", async (t) => {
  const { differences, exitCode } = await planned(t, {
    "models.yaml": models([{ matches: [{ provider: "openai", models: ["gpt-4o*"] }] }]),
    "web.yaml": web(["echo.test", "quiet.test"]),
  });
  t.equal(exitCode, 3);
  t.match(differences, [
    {
      ...{ kind: "denied", count: 1, agents: 1 },
      topAgents: [{ name: "default/planner", count: 1 }],
      examples: [{ model: "gpt-5", path: "/v1/chat/completions", to: /^no-rule/ }],
    },
    { kind: "allowed", count: 1, topHosts: [{ name: "quiet.test", count: 1 }] },
  ]);
});

t.test("another credential, for people", async (t) => {
  const { stdout, exitCode } = await plan(t, { "team.yaml": team, "secret.yaml": teamSecret });
  t.equal(exitCode, 3);
  t.match(stdout, /other credential \(3 requests, 1 agent\)/);
  t.match(stdout, /Secret default\/team in x-team-key/);
  t.notMatch(stdout, openAiKey);
});

t.test("a backend that answers in the place of the agent's own", async (t) => {
  const backendRefs = [{ group: "clrk.apoxy.dev", kind: "Backend", name: "spare" }];
  const { differences, exitCode } = await planned(t, {
    "spare.yaml": objectManifest("Backend", "spare", {
      schema: { name: "openai" },
      ...{ upstream: { host: "echo.test" }, modelRewrites: [{ from: "*", to: "gpt-4o-mini" }] },
    }),
    "models.yaml": models([
      { matches: [{ provider: "openai", models: ["gpt-4o*", "gpt-5"] }], backendRefs },
    ]),
  });
  t.match(differences.at(-1), { kind: "rerouted", count: 3 });
  t.match(
    differences.at(-1).changes[0].to,
    /^Backend default\/spare \(openai, model gpt-4o-mini, at /,
  );
  t.equal(exitCode, 0);
});

t.test("a mistake is told with its place", async (t) => {
  const { stderr, exitCode } = await plan(t, { "web.yaml": web(["not a host"]) });
  t.equal(exitCode, 1);
  t.match(
    stderr,
    /^clrk: Cannot use the manifests: 1 problem\n {2}.*web\.yaml:\d+: spec\.hostnames\[0\]/,
  );
});
