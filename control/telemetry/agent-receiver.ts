/** The receiver for what agents send themselves, as a control process has it: on loopback, and known to `clrk run`. */
import type { Clock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { HomeDirectory } from "../../gateway/home-directory.ts";
import { InvocationTraces, invocationTraceKey } from "../../gateway/invocation-trace.ts";
import type { Logger } from "../../gateway/log.ts";
import { openPlaceholderKey } from "../../gateway/placeholder-key.ts";
import { telemetryTokenKey } from "../../gateway/telemetry-token.ts";
import { foreignTraces } from "./foreign-trace.ts";
import type { TelemetryOptions } from "./open-telemetry.ts";
import type { OtlpReceiverOptions } from "./otlp-receiver.ts";
import { lastOtlpPort, writeOtlpAddress } from "./otlp-address.ts";
import { runSenders } from "./run-senders.ts";
import type { RunSendersOptions } from "./run-senders.ts";

/** What it is made of. */
export interface AgentReceiverOptions extends Pick<RunSendersOptions, "findRun"> {
  readonly home: HomeDirectory;
  /** As `OtlpReceiverOptions.onTaken` */
  readonly onTaken?: OtlpReceiverOptions["onTaken"];
  /** Absent: the one of last time if it is free, else a free one */
  readonly port?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What telemetry is told of it; undefined where the key of the home directory cannot be used, which is logged. */
export async function agentReceiver(
  options: AgentReceiverOptions,
): Promise<TelemetryOptions["receiver"] | undefined> {
  const { home, clock, log, findRun, onTaken } = options;
  try {
    const secret = await openPlaceholderKey(home.placeholderKey);
    return {
      port: options.port ?? (await lastOtlpPort(home.root)),
      onListening: (port) => announce(home.root, port, log),
      ...(onTaken !== undefined && { onTaken }),
      authenticate: runSenders({ key: telemetryTokenKey(secret), clock, findRun }),
      isForeignTrace: foreignTraces(new InvocationTraces(invocationTraceKey(secret))),
    };
  } catch (error) {
    log.error("Cannot take telemetry of agents", { error: describeError(error) });
    return undefined;
  }
}

function announce(root: string, port: number, log: Logger): void {
  try {
    writeOtlpAddress(root, port);
    log.info("Taking telemetry of agents", { address: `127.0.0.1:${port}` });
  } catch (error) {
    log.error("Cannot tell agents where to send telemetry", { error: describeError(error) });
  }
}
