/**
 * What the gateway decides in the benchmark `extproc`: 50 routes with 4 rules each for calls of one model API, told
 * apart by the deployment in the path, and the routes of the bench's Envoy that stand for those rules. The API is the one
 * of text completions, whose requests go on as they are: those of chats are held and changed, which is what the benchmark
 * `llm` measures.
 */
import { parseAnyObject } from "../../crds/kinds.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { compile } from "../../gateway/compile.ts";
import type { CompileResult } from "../../gateway/compile.ts";
import { encodeDecisionKey } from "../../gateway/decision-key.ts";
import type { GatewaySnapshot } from "../../gateway/snapshot.ts";
import type { BenchRoute } from "../compare/ext-proc-config.ts";

/** A compiled policy with its rules as Envoy's routes and the paths of calls that they match. */
export interface BenchPolicy {
  readonly compiled: CompileResult;
  readonly gateway: GatewaySnapshot;
  readonly routes: readonly BenchRoute[];
  /** One for each route */
  readonly paths: readonly string[];
}

const routeCount = 50;
const rulesPerRoute = 4;
const group = "clrk.apoxy.dev";
const apiVersion = `${group}/v1alpha1`;
// Of a rule that has no plan: a server that asks for plans refuses its requests.
const noPlan = "0".repeat(16);

/** Makes and compiles the policy. Throws when it does not compile to one forwarding rule for each path. */
export function createBenchPolicy(): BenchPolicy {
  const compiled = compile({
    objects: benchObjects().map(parse),
    revision: 1,
    environment: { ownAddresses: [] },
  });
  const [gateway] = compiled.snapshot.gateways;
  if (gateway === undefined) throw new Error("Cannot compile the bench's policy: no EgressGateway");
  const routes = new Map<string, BenchRoute & { readonly path: string }>();
  for (const { action, engine, match, route, ruleIndex } of gateway.hosts.flatMap(
    ({ rules }) => rules,
  )) {
    const path = match.path?.value ?? "";
    if (action.kind !== "forward" || match.path?.kind !== "exact") {
      throw new Error(`Cannot compile the bench's policy: ${route.name}/${ruleIndex} is refused`);
    }
    routes.set(path, {
      name: encodeDecisionKey({ verdict: "allow", route, ruleIndex }),
      prefix: path.slice(0, path.lastIndexOf("/") + 1),
      planId: engine?.id ?? noPlan,
      path,
    });
  }
  if (routes.size !== routeCount * rulesPerRoute) {
    throw new Error(`Cannot compile the bench's policy: ${routes.size} rules`);
  }
  const all = [...routes.values()];
  return {
    compiled,
    gateway,
    routes: all.map(({ name, planId, prefix }) => ({ name, planId, prefix })),
    paths: all.map(({ path }) => `${path}?api-version=2026-06-01`),
  };
}

function benchObjects(): object[] {
  return [
    {
      apiVersion,
      kind: "EgressGateway",
      metadata: { name: "bench" },
      spec: {
        defaultPolicy: "deny-all",
        listeners: [{ name: "egress", protocol: "TLS", tls: { mode: "Terminate" } }],
      },
    },
    ...Array.from({ length: routeCount }, (_, index) => modelRoute(index)),
  ];
}

function modelRoute(index: number): object {
  const name = `r${String(index).padStart(2, "0")}`;
  return {
    apiVersion,
    kind: "AIProviderRoute",
    metadata: { name },
    spec: {
      parentRefs: [{ group, kind: "EgressGateway", name: "bench" }],
      rules: Array.from({ length: rulesPerRoute }, (_, rule) => ({
        matches: [
          {
            provider: "azure-openai",
            endpoints: [`/openai/deployments/${name}-${rule}/completions`],
          },
        ],
      })),
    },
  };
}

function parse(value: object): ParsedObject {
  const result = parseAnyObject(value);
  if (result.kind === "valid") return result.object;
  throw new Error(`Cannot parse an object of the bench: ${JSON.stringify(result.problems)}`);
}
