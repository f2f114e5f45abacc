/**
 * The cases of the benchmark `mitm`: what is sent, over what, and which contenders it makes sense
 * for. Names are all below one domain that the fake upstream's certificate covers.
 */
import { credentialRequiredPath } from "./upstream.ts";
import type { ProxyMode, RequestShape, WorkloadPlan } from "./workload.ts";

/** Domain of every name that is asked for; reserved by RFC 6761, so that it never resolves outside. */
export const benchDomain = "bench.test";

/** Covers every name that is asked for. */
export const benchWildcards: readonly string[] = [`*.${benchDomain}`];

/** What the fake upstream's and the static certificate have to cover. */
export const certificateNames: readonly string[] = [...benchWildcards, "127.0.0.1"];

/** Credential that has to arrive upstream in the case `native`; worthless, and for no real service. */
export const benchAuthorization = "Bearer bench-credential-0123456789abcdef";

/** Measures of a run that the user may change. */
export interface CaseOptions {
  /** Length of a keep-alive measurement in `s` */
  readonly seconds: number;
  /** Distinct names of a cold measurement */
  readonly names: number;
  /** Keep-alive connections over all load clients */
  readonly connections: number;
}

/** What a workload has to know of the contender. */
export interface CaseStart {
  /** Whether the contender adds the credential by itself */
  readonly injectsCredential: boolean;
  /** Different in every start, so that no name is ever seen twice */
  readonly namePrefix: string;
}

/** One case. */
export interface BenchCase {
  readonly name: "mitm-cold" | "mitm-keepalive" | "native";
  readonly title: string;
  readonly mode: ProxyMode;
  /** Contenders by name; absent for all */
  readonly only?: readonly string[];
  /** Credential that the contender has to inject */
  readonly credential?: { readonly pathPrefix: string; readonly authorization: string };
  /** Work of client `index` of `count`. */
  workload(options: CaseOptions, start: CaseStart, share: Share): WorkloadPlan;
}

/** Which of several load clients a workload is for. */
export interface Share {
  readonly index: number;
  readonly count: number;
}

const messages: RequestShape = {
  method: "POST",
  path: "/v1/messages",
  headers: [],
  bodyBytes: 2_048,
};

/** All cases in the order of the report. */
export const benchCases: readonly BenchCase[] = [
  {
    name: "mitm-cold",
    title: "never-seen name and new connection for every request (CONNECT)",
    mode: "connect",
    workload: (options, { namePrefix }, share) => ({
      kind: "cold",
      request: { ...messages, bodyBytes: 128 },
      domain: benchDomain,
      prefix: `${namePrefix}-${share.index}-`,
      names: Math.ceil(options.names / share.count),
      // A peer on a compiling run time needs some handshakes before it runs compiled code.
      warmUpNames: Math.min(100, Math.ceil(options.names / 5)),
      connections: 1,
    }),
  },
  {
    name: "mitm-keepalive",
    title: "2 KB POST on keep-alive connections (CONNECT)",
    mode: "connect",
    workload: (options, start, share) => keepAlive(options, { ...start, request: messages }, share),
  },
  {
    name: "native",
    title: "credential injection and record, 2 KB POST (captured, PROXY v2)",
    mode: "transparent",
    only: ["clrk-native", "none"],
    credential: { pathPrefix: credentialRequiredPath, authorization: benchAuthorization },
    workload(options, start, share) {
      const headers = start.injectsCredential ? [] : [`authorization: ${benchAuthorization}`];
      const path = `${credentialRequiredPath}${messages.path}`;
      return keepAlive(options, { ...start, request: { ...messages, path, headers } }, share);
    },
  },
];

/** Mode in which `contender` runs `benchCase`, or undefined when it does not take part. */
export function modeFor(
  benchCase: BenchCase,
  contender: { readonly name: string; readonly modes: readonly ProxyMode[] },
): ProxyMode | undefined {
  if (benchCase.only !== undefined && !benchCase.only.includes(contender.name)) return undefined;
  // Without a proxy there is nothing to connect through: it takes part as the ceiling.
  return [benchCase.mode, "direct" as const].find((mode) => contender.modes.includes(mode));
}

function keepAlive(
  options: CaseOptions,
  { namePrefix, request }: CaseStart & { readonly request: RequestShape },
  share: Share,
): WorkloadPlan {
  const names = Array.from({ length: 4 }, (_, index) => `${namePrefix}-k${index}.${benchDomain}`);
  return {
    kind: "keepalive",
    request,
    serverNames: names,
    connections: Math.max(1, Math.floor(options.connections / share.count)),
    warmUpMs: Math.min(1_000, options.seconds * 500),
    durationMs: options.seconds * 1_000,
  };
}
