/** `clrk doctor`: everything that a gateway needs, checked without changing anything. */
import { createRequire } from "node:module";
import { isProcessAlive } from "../../../gateway/home-directory.ts";
import type { CliContext } from "../cli-context.ts";
import { EXIT_CODE } from "../cli-error.ts";
import { checkControl } from "../control-checks.ts";
import { findControlStatus } from "../control-status.ts";
import { formatCheck } from "../doctor-check.ts";
import type { DoctorCheck } from "../doctor-check.ts";
import { checkEnvoy } from "../envoy-check.ts";
import { checkGateways } from "../gateway-checks.ts";
import { checkAuthorities, checkHome, checkRunFolders, checkSocketPath } from "../home-checks.ts";
import type { OutputFlags } from "../output-flags.ts";
import { checkClock, checkDisk, checkJava, checkNode } from "../machine-checks.ts";
import { findRunningGateways } from "../running-gateways.ts";
import { formatValue } from "../whole-objects.ts";

/** Prints the checks; the exit code is 1 when one of them failed. */
export async function doctor(this: CliContext, flags: OutputFlags): Promise<void> {
  const checks = await runChecks(this);
  const { stdout } = this.process;
  const isOk = checks.every(({ result }) => result !== "failed");
  if (!isOk) this.process.exitCode = EXIT_CODE.failed;
  if (flags.output !== undefined) {
    stdout.write(await formatValue({ ok: isOk, checks }, flags.output));
    return;
  }
  const columns = stdout.isTerminal ? stdout.columns : undefined;
  stdout.write(checks.map((check) => formatCheck(check, stdout.palette, columns)).join(""));
  stdout.write(isOk ? "\nNothing essential is wrong\n" : "\nPut right what is marked ✘ first\n");
}

async function runChecks(context: CliContext): Promise<DoctorCheck[]> {
  const { home, workingDirectory, findEnvoy } = context;
  const { env } = context.process;
  const nowMs = context.now();
  // Before the gateways are looked for, which removes what it finds.
  const leftovers = await checkRunFolders(home, isProcessAlive);
  const [envoy, place, authorities, disk, java, running, control] = await Promise.all([
    checkEnvoy({ env, workingDirectory, findEnvoy }),
    checkHome(home, process.getuid?.()),
    checkAuthorities(home, nowMs),
    checkDisk(home.root),
    checkJava(env["PATH"] ?? ""),
    findRunningGateways(home),
    findControlStatus(context),
  ]);
  const hasGateway = running.answering.length > 0;
  return [
    checkNode(process.versions.node),
    envoy,
    place,
    checkSocketPath(home),
    leftovers,
    ...authorities,
    checkClock(nowMs),
    disk,
    ...java,
    ...(await checkGateways(running)),
    ...checkControl({ control, hasGateway, hasStorePackage: hasPackage("chdb") }),
  ];
}

/** Whether it can be found from here; whether it loads, its process finds out. */
function hasPackage(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false; // left out at the install, as optional packages may be
  }
}
