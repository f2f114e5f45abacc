/** `clrk install` and `clrk upgrade`: this version has no installer for Kubernetes, and says so before anything happens. */
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";

/** Throws a `CliError` with what to do instead. */
export async function install(this: CliContext): Promise<void> {
  throw new CliError(
    [
      "Cannot install on Kubernetes: this version of clrk has no installer, and runs on one machine",
      "Serve manifests on this one, no cluster needed: clrk dev -f DIR",
      "What it lacks for that, if anything: clrk doctor",
    ].join("\n"),
  );
}

/** Throws a `CliError` with what to do instead. */
export async function upgrade(this: CliContext): Promise<void> {
  throw new CliError(
    [
      "Cannot upgrade on Kubernetes: this version of clrk installs nothing there",
      "On this machine: clrk stop, copy $CLRK_HOME, install the new version, clrk dev -f DIR",
      "Which one this is: clrk version",
    ].join("\n"),
  );
}
