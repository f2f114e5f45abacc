/** `clrk version`: what runs here. */
import { envoyVersion } from "../../../gateway/envoy-release.ts";
import { version } from "../../../gateway/version.ts";
import type { CliContext } from "../cli-context.ts";
import type { OutputFlags } from "../output-flags.ts";
import { toJson } from "../whole-objects.ts";

/** Prints the versions of clrk, of the pinned Envoy, and of Node. */
export function showVersion(this: CliContext, flags: OutputFlags): void {
  const versions = { clrk: version, envoy: envoyVersion, node: process.versions.node };
  const { stdout } = this.process;
  if (flags.output === "json") stdout.write(toJson(versions));
  else stdout.write(`clrk ${versions.clrk} (Envoy ${versions.envoy}, Node ${versions.node})\n`);
}
