/**
 * A real Envoy whose model calls a scripted engine chooses for: from objects as users write them to the answer that an
 * agent gets. Upstreams are one echo server that stands for every host.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Test } from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import { compiled, gateway, gatewayOf } from "../compile/testdata/objects.ts";
import type { RoutedRule } from "../routing-plan.ts";
import type { GatewaySnapshot } from "../snapshot.ts";
import type { AgentRequest, Reply } from "./agent.ts";
import { secureRequest } from "./agent.ts";
import type { Upstream } from "./echo-upstream.ts";
import { tlsUpstream } from "./echo-upstream.ts";
import type { EnvoyRig } from "./envoy-rig.ts";
import { startRig } from "./envoy-rig.ts";
import type { EngineReply, EngineScript, ScriptedEngine } from "./scripted-engine.ts";
import { continueReply, startScriptedEngine } from "./scripted-engine.ts";

/** What is served. */
export interface ChoosingOptions {
  readonly objects: readonly ParsedObject[];
  /** Hosts that the echo server stands for; others are asked of DNS */
  readonly hosts: readonly string[];
  /** Chooses, by the rules that the plan of Envoy's request has */
  readonly choose: (rules: readonly RoutedRule[], body: string) => Choice | undefined;
  /** Spec of the EgressGateway beside its aliases */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Answers of the upstream filter; default: nothing changes */
  readonly attempt?: EngineScript;
}

/** What the engine says to Envoy. */
export interface Choice {
  readonly pick: string;
  readonly order?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
}

/** What is running. */
export interface Choosing {
  readonly rig: EnvoyRig;
  readonly engine: ScriptedEngine;
  readonly upstream: Upstream;
  readonly snapshot: GatewaySnapshot;
  readonly ask: (host: string, request?: AgentRequest) => Promise<Reply>;
  /** Everything that Envoy wrote into the access log pipe */
  readonly lines: () => string[];
}

/** Starts all of it. Fails the test when Envoy does not take the configuration. */
export async function startChoosing(t: Test, options: ChoosingOptions): Promise<Choosing> {
  const { objects, hosts, spec } = options;
  const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
  const hostAliases = [{ ip: "127.0.0.1", port: upstream.port, hostnames: hosts }];
  const result = compiled(gateway({ upstreamTLS: { hostAliases }, ...spec }), ...objects);
  const snapshot = gatewayOf(result);
  const engine = await startScriptedEngine(t, scriptOf(snapshot, options));
  const pipe = path.join(rig.directory, "http.log");
  const verdict = await rig.publish(snapshot, {
    engineSockets: [engine.socket],
    accessLogPipe: pipe,
    credentials: Object.fromEntries(
      [...result.credentials].map(([name, value]) => [name, value.reveal()]),
    ),
  });
  t.equal(verdict.kind, "live", verdict.kind === "rejected" ? verdict.message : "taken by Envoy");
  return {
    rig,
    engine,
    upstream,
    snapshot,
    ask: (host, request) => secureRequest(rig, host, request),
    lines: () => readFileSync(pipe, "utf8").split("\n"),
  };
}

/** The reply to a body that picks a way. */
export function pickReply({ pick, order, set = {} }: Choice): EngineReply {
  const setHeaders = Object.entries(set).map(([key, value]) => ({
    header: { key, rawValue: Buffer.from(value) },
    appendAction: 2,
  }));
  const groups = (order ?? []).map((name) => ({
    structValue: { fields: { name: { stringValue: name } } },
  }));
  return {
    requestBody: {
      response: {
        // A wish for another route counts only with a header.
        headerMutation: { setHeaders, removeHeaders: ["x-clrk-served"] },
        clearRouteCache: true,
      },
    },
    dynamicMetadata: {
      fields: {
        clrk: { structValue: { fields: { pick: { stringValue: pick }, call: { stringValue: "asked" } } } },
        ...(order !== undefined && {
          "clrk.order": {
            structValue: { fields: { priority_groups: { listValue: { values: groups } } } },
          },
        }),
      },
    },
  };
}

function scriptOf(
  { hosts }: GatewaySnapshot,
  { choose, attempt = continueReply }: ChoosingOptions,
): EngineScript {
  const plans = new Map(
    hosts.flatMap(({ rules }) =>
      rules.flatMap(({ engine }) => (engine === undefined ? [] : [[engine.id, engine] as const])),
    ),
  );
  return (message, stream) => {
    if (stream.metadata["x-clrk-extproc-role"] === "upstream") return attempt(message, stream);
    const { requestBody } = message;
    const rules = plans.get(stream.metadata["x-clrk-plan"] ?? "")?.routing?.rules;
    if (requestBody === undefined || requestBody === null || rules === undefined) {
      return continueReply(message);
    }
    const choice = choose(rules, Buffer.from(requestBody.body).toString());
    return choice === undefined ? continueReply(message) : pickReply(choice);
  };
}
