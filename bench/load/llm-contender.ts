/** What the benchmark `llm` needs of a gateway for model calls that it measures. Types only. */
import type { Availability } from "./contender.ts";
import type { PlainTarget } from "./plain-workload.ts";
import type { TestAuthority } from "./test-authority.ts";

/** An address of the fake model APIs. */
export interface ModelApi {
  readonly host: string;
  readonly port: number;
}

/** How a contender has to be started. */
export interface LlmStart {
  /** The fake model APIs, without TLS and with it */
  readonly plainApi: ModelApi;
  readonly tlsApi: ModelApi;
  /** Authority of the certificate of `tlsApi`, which a contender that uses it has to verify */
  readonly authority: TestAuthority;
  /** Empty directory of this start, removed afterwards */
  readonly directory: string;
}

/** A started contender. */
export interface RunningLlm {
  /** Where and how an agent connects */
  readonly target: PlainTarget;
  /** Value of the header `host` that an agent sends */
  readonly host: string;
  /** More header fields that an agent sends, complete lines without CRLF */
  readonly headers: readonly string[];
  /** Processes to account, as in `contender.ts` */
  readonly pids: { readonly envoy?: number; readonly server?: number };
  /** Ends every process that was started. Idempotent. */
  stop(): Promise<void>;
}

/** One contender: agents send it OpenAI's chat completions, whoever serves them. */
export interface LlmContender {
  readonly name: string;
  /** Cases in which it takes part; all when absent */
  readonly only?: readonly string[];
  /** Which of the fake model APIs it uses */
  readonly api: "plain" | "tls";
  /** Looks for what it needs, without starting it. */
  find(): Promise<Availability>;
  /** Starts it and resolves when it accepts connections. */
  start(options: LlmStart): Promise<RunningLlm>;
}
