/** What the engine decides in the benchmark `llm-engine`: one rule, by which calls to OpenAI are served by Anthropic. */
import { parseAnyObject } from "../../crds/kinds.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { compile } from "../../gateway/compile.ts";
import { encodeDecisionKey } from "../../gateway/decision-key.ts";
import { CLRK_HEADERS } from "../../gateway/headers.ts";
import type { BenchRoute } from "../compare/ext-proc-config.ts";
import type { BenchPolicy } from "./extproc-policy.ts";
import { anthropicAnswers, openaiAnswers } from "./llm-answers.ts";
import { askedHost, llmPolicy } from "./llm-policy.ts";

/** Makes and compiles the policy. Throws when it does not compile to a rule for which the engine chooses. */
export function createTranslationPolicy(): BenchPolicy {
  const compiled = compile({
    objects: [gatewayObject, ...llmPolicy("anthropic")].map(parse),
    revision: 1,
    environment: { ownAddresses: [] },
  });
  const [gateway] = compiled.snapshot.gateways;
  const rules = gateway?.hosts.find(
    ({ host }) => host.kind === "exact" && host.value === askedHost,
  )?.rules;
  const entry = rules?.find(({ action }) => action.kind === "choose");
  if (gateway === undefined || entry?.engine?.routing === undefined) {
    throw new Error("Cannot compile the bench's policy: no rule is left to the engine");
  }
  const { engine, route, ruleIndex } = entry;
  const common = {
    name: encodeDecisionKey({ verdict: "allow", route, ruleIndex }),
    planId: engine.id,
    // By which the engine tells answers of the upstream from Envoy's own.
    responseHeaders: { [CLRK_HEADERS.served]: "%UPSTREAM_CLUSTER_RAW%" },
  };
  const { credential, path } = anthropicAnswers;
  const routes: BenchRoute[] = [
    // The credential is Envoy's to write, once the engine has taken out the agent's.
    { ...common, prefix: path, requestHeaders: { [credential.header]: credential.value } },
    { ...common, prefix: "/" },
  ];
  return { compiled, gateway, routes, paths: [openaiAnswers.path] };
}

const gatewayObject = {
  apiVersion: "clrk.apoxy.dev/v1alpha1",
  kind: "EgressGateway",
  metadata: { name: "bench", namespace: "default" },
  spec: {
    defaultPolicy: "deny-all",
    listeners: [{ name: "egress", protocol: "TLS", tls: { mode: "Terminate" } }],
  },
};

function parse(value: object): ParsedObject {
  const result = parseAnyObject(value);
  if (result.kind === "valid") return result.object;
  throw new Error(`Cannot parse an object of the bench: ${JSON.stringify(result.problems)}`);
}
