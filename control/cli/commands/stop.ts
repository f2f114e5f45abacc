/** `clrk stop`: asks a gateway process to end, and waits for it. */
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { findRunningGateways } from "../running-gateways.ts";
import { stopGateway } from "../stop-gateway.ts";

/** Stops the process of that id, or the only one; throws a `CliError` when it is not clear which, or it stays. */
export async function stop(
  this: CliContext,
  _flags: Readonly<Record<never, never>>,
  pid?: number,
): Promise<void> {
  const { stdout } = this.process;
  const { answering, silent } = await findRunningGateways(this.home);
  const wanted = pid === undefined ? answering : answering.filter((one) => one.pid === pid);
  const lines = answering.map(
    (one) => `  clrk stop ${one.pid}   (${one.status.directories.join(", ")})`,
  );
  if (wanted.length > 1) {
    throw new CliError(
      [
        `Cannot choose what to stop: ${wanted.length} gateway processes run; say which:`,
        ...lines,
      ].join("\n"),
    );
  }
  const [gateway] = wanted;
  if (gateway !== undefined) {
    await stopGateway(gateway);
    stdout.write(`Stopped gateway process ${gateway.pid}\n`);
    return;
  }
  if (pid === undefined && silent.length === 0) {
    stdout.write("No gateway is running\n");
    return;
  }
  if (pid !== undefined && !silent.includes(pid)) {
    const others = lines.length === 0 ? ["None is running"] : ["There are:", ...lines];
    throw new CliError(
      [`Cannot stop process ${pid}: it is no gateway process`, ...others].join("\n"),
    );
  }
  const hanging = pid ?? silent[0];
  throw new CliError(
    `Cannot stop process ${hanging}: it does not answer on its control socket\nIf it is a gateway (ps -p ${hanging}), end it by force: kill -9 ${hanging}`,
  );
}
