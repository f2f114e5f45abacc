/**
 * What a provider outside this repository looks like: a module that exports `plugin`. Types of ours are imported with
 * `import type`, which nothing resolves at run time; code of ours comes as an argument, so that a plugin needs no
 * installed package and runs in a checkout as in an installed one.
 */

import type { Codec } from "./codec.ts";
import type { EventDataReader } from "./event-data.ts";
import type { ChatRequest, Usage } from "./ir.ts";
import type {
  isJsonNumber,
  isJsonObject,
  parseJson,
  parseJsonText,
  writeJson,
} from "./json-text.ts";
import type { Provider } from "./provider.ts";
import type { budgetOf, effortOf } from "./reasoning.ts";
import type { errorOfStatus, kindOfStatus } from "./status-error.ts";
import type { createToolNames, joinTurns, textOf } from "./turns.ts";

/** The export `plugin` of a module. */
export interface ProviderPlugin {
  /** `providerInterfaceVersion` of the interface that it was written for; another one is refused when it is loaded */
  readonly interfaceVersion: number;
  /** Gives the declaration. Called once in each thread; no I/O, and no state that is shared beyond the thread. */
  readonly createProvider: (kit: ProviderKit) => Provider;
}

/** What of this repository plugins may use at run time; it grows within a version of the interface, never shrinks. */
export interface ProviderKit {
  /** `providerInterfaceVersion` of whoever loads the plugin */
  readonly interfaceVersion: number;
  readonly parseJson: typeof parseJson;
  readonly parseJsonText: typeof parseJsonText;
  readonly writeJson: typeof writeJson;
  readonly isJsonObject: typeof isJsonObject;
  readonly isJsonNumber: typeof isJsonNumber;
  /** Reads event streams: `new kit.EventDataReader(onData)` */
  readonly EventDataReader: typeof EventDataReader;
  readonly joinTurns: typeof joinTurns;
  readonly createToolNames: typeof createToolNames;
  readonly textOf: typeof textOf;
  /** A conversation that asks for nothing, to be spread */
  readonly blankRequest: ChatRequest;
  /** Usage that tells nothing, to be spread */
  readonly blankUsage: Usage;
  readonly kindOfStatus: typeof kindOfStatus;
  readonly errorOfStatus: typeof errorOfStatus;
  readonly budgetOf: typeof budgetOf;
  readonly effortOf: typeof effortOf;
  /** A built-in provider by its name, for what of it a plugin shares, such as its operations; throws for others. */
  readonly provider: (name: string) => Provider;
  /** A codec of the built-in providers by its name, such as `openai-chat`; throws for others. */
  readonly codec: (name: string) => Codec;
}
