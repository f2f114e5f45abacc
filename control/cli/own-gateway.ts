/** A gateway for one command: `clrk run -f` starts it, waits until it serves, and ends it with the command. */
import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayProcessStatus } from "../../gateway/control-api.ts";
import type { CliContext } from "./cli-context.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { gatewayArguments } from "./gateway-arguments.ts";
import type { GatewayOptions } from "./gateway-arguments.ts";
import { createGatewayClient } from "./gateway-client.ts";
import type { GatewayClient } from "./gateway-client.ts";
import { startGateway } from "./process-start.ts";
import type { StartedProcess } from "./process-start.ts";
import { formatLogLine } from "./log-line.ts";
import { prepareEnvoy } from "./prepare-envoy.ts";
import { formatProblem } from "./problem-line.ts";
import type { RunningGateway } from "./running-gateways.ts";

/** Envoy usually takes the first configuration within half a second. */
const readyMs = 15_000;

const pollMs = 25;

/** Log lines that are shown of a start that failed, where the log is not shown as it comes. */
const heldLines = 20;

/** As for `clrk dev`: whoever waits for the end waits at most this long. */
const stopMs = 2_000;

/** The process with its end. */
export interface OwnGateway extends RunningGateway {
  /** Stops the process, by force after two seconds */
  close(): Promise<void>;
}

/**
 * Starts a gateway process that ends with this one, and waits until all that it serves is ready. Throws a `CliError`;
 * then nothing is left running.
 */
export async function startOwnGateway(
  context: CliContext,
  options: { readonly gateway: GatewayOptions; readonly isQuiet: boolean },
): Promise<OwnGateway> {
  const { stderr, env } = context.process;
  const { isQuiet } = options;
  const held: string[] = [];
  let isEnding = false;
  await prepareEnvoy(context, { output: stderr });
  const started = await startGateway({
    entry: context.gatewayEntry,
    arguments: [...gatewayArguments(options.gateway), "--exit-with-parent"],
    endsWithUs: true,
    environment: env,
    onLogLine: (line) => {
      // An end that was asked for looks like a fault to whatever is connected.
      if (isEnding) return;
      const text = formatLogLine(line, stderr.palette);
      if (!isQuiet) stderr.write(`${text}\n`);
      else if (held.push(text) > heldLines) held.shift();
    },
  });
  if (started.kind === "failed") {
    const lines = started.message.split("\n").map(escapeControls);
    throw new CliError([...lines, ...held].join("\n"));
  }
  const { process: child, controlSocket } = started;
  const client = createGatewayClient(controlSocket);
  const close = () => {
    isEnding = true;
    return stop(child);
  };
  try {
    const status = await waitUntilReady(client, context);
    return { pid: child.pid, client, status, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function waitUntilReady(
  client: GatewayClient,
  context: CliContext,
): Promise<GatewayProcessStatus> {
  const deadlineMs = performance.now() + readyMs;
  for (;;) {
    const status = await client.status();
    if (status.problems.length > 0) {
      const lines = status.problems.map((one) => formatProblem(one, context.workingDirectory));
      throw new CliError(["Cannot serve the manifests:", ...lines].join("\n"));
    }
    const waiting = status.gateways.filter(({ ready }) => !ready);
    if (status.gateways.length > 0 && waiting.length === 0) return status;
    if (performance.now() > deadlineMs) {
      const reasons = waiting.map(
        ({ namespace, name, reason }) => `${namespace}/${name}: ${escapeControls(reason)}`,
      );
      const detail = reasons.length === 0 ? ["the manifests hold no EgressGateway"] : reasons;
      throw new CliError(
        [
          `Cannot start a gateway for this command: ${detail.join("; ")}`,
          "See more: clrk dev",
        ].join("\n"),
      );
    }
    await sleep(pollMs);
  }
}

async function stop(child: StartedProcess): Promise<void> {
  child.terminate();
  const timer = setTimeout(() => child.kill(), stopMs);
  await child.exited;
  clearTimeout(timer);
}
