/** What the benchmark needs of a proxy that it measures. Types only. */
import type { TestAuthority } from "./test-authority.ts";
import type { ProxyMode } from "./workload.ts";

/** How a contender has to be started for a case. */
export interface StartOptions {
  readonly mode: ProxyMode;
  /** The fake upstream: every request has to end there, whatever name it is for */
  readonly upstream: { readonly host: string; readonly port: number };
  /** Authority of the fake upstream's certificate, which the contender has to verify; also a static certificate for all names */
  readonly authority: TestAuthority;
  /** Wildcards that cover every name that the client will ask for */
  readonly wildcards: readonly string[];
  /** The same names one by one, for a contender that has no wildcards where it needs them */
  readonly serverNames: readonly string[];
  /** Credential that a contender with `injectsCredential` adds to requests below the path prefix, when a case asks for it */
  readonly credential?: { readonly pathPrefix: string; readonly authorization: string };
  /** Listeners of our EgressGateway; one that decrypts TLS when absent */
  readonly listeners?: readonly object[];
  /** Empty directory of this start, removed afterwards */
  readonly directory: string;
  /** Directory of route files that is already written and will change while it runs */
  readonly policyDirectory?: string;
}

/** A started contender. */
export interface RunningContender {
  readonly proxy: { readonly host: string; readonly port: number; readonly authorization?: string };
  readonly mode: ProxyMode;
  /** Authority that the client has to trust, PEM */
  readonly caPem: string;
  /** Processes to account: `server` is the peer, or the gateway process beside `envoy`; children count with their parent */
  readonly pids: { readonly envoy?: number; readonly server?: number };
  /** Ends every process that was started. Idempotent. */
  stop(): Promise<void>;
}

/** Whether a contender can be measured on this machine. */
export type Availability =
  | { readonly kind: "ready"; readonly version: string }
  | { readonly kind: "absent"; readonly reason: string };

/** One proxy under test. */
export interface Contender {
  readonly name: string;
  readonly modes: readonly ProxyMode[];
  /** Whether it adds the case's credential by itself; else the client sends it, so that the upstream's work is equal */
  readonly injectsCredential: boolean;
  /** Looks for what it needs, without starting it. */
  find(): Promise<Availability>;
  /** Starts it and resolves when it accepts connections. */
  start(options: StartOptions): Promise<RunningContender>;
}
