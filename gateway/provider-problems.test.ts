import t from "tap";
import { formatSourceProblem, parseManifests } from "./manifests.ts";
import { providerProblems } from "./provider-problems.ts";

const route = (provider: string) => `apiVersion: clrk.apoxy.dev/v1alpha1
kind: AIProviderRoute
metadata: {name: models}
spec:
  parentRefs: [{group: clrk.apoxy.dev, kind: EgressGateway, name: default}]
  rules:
    - matches:
        - provider: anthropic
        - provider: ${provider}
`;

const problemsOf = (text: string) =>
  providerProblems(parseManifests("policy/route.yaml", text).objects).map(formatSourceProblem);

t.test("providerProblems() names file, line and field, and the nearest name", async (t) => {
  t.strictSame(problemsOf(route("opnai")), [
    'policy/route.yaml:9: spec.rules[0].matches[1].provider: "opnai" is not a provider; did you mean "openai"? Known: anthropic, aws_bedrock, azure_openai, google_genai, google_vertex, openai, mistral_ai, openai_compatible',
  ]);
});

t.test("providerProblems() takes names, aliases and custom in any case", async (t) => {
  for (const name of ["openai", "OpenAI", "bedrock", "Custom"]) {
    t.strictSame(problemsOf(route(name)), [], name);
  }
});

t.test("providerProblems() looks at the schema of backends", async (t) => {
  const backend = `apiVersion: clrk.apoxy.dev/v1alpha1
kind: Backend
metadata: {name: direct}
spec:
  schema: {name: constructor}
  upstream: {host: api.openai.com}
`;
  t.match(
    problemsOf(backend)[0],
    /^policy\/route\.yaml:5: spec\.schema\.name: "constructor" is not/,
  );
});
