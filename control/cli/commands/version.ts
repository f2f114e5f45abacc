/** `clrk version`: what runs here. */
import { envoyVersion } from "../../../gateway/envoy-release.ts";
import { version } from "../../../gateway/version.ts";
import type { CliContext } from "../cli-context.ts";
import type { OutputFlags } from "../output-flags.ts";
import { formatValue } from "../whole-objects.ts";

/** Prints the versions of clrk, of the pinned Envoy, and of Node. */
export async function showVersion(this: CliContext, flags: OutputFlags): Promise<void> {
  const versions = { clrk: version, envoy: envoyVersion, node: process.versions.node };
  const { stdout } = this.process;
  if (flags.output !== undefined) stdout.write(await formatValue(versions, flags.output));
  else stdout.write(`clrk ${versions.clrk} (Envoy ${versions.envoy}, Node ${versions.node})\n`);
}
