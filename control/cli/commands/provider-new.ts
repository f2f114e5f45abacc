/** `clrk provider new`: the folder of a provider that works already, to be changed into one's own. */
import { access, mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { isProviderName } from "../../../providers/declaration.ts";
import { findProviderByName } from "../../../providers/registry.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { scaffoldFiles } from "../provider-scaffold.ts";

/** Options as the user gave them. */
export interface ProviderNewFlags {
  readonly dir?: string;
}

/** Writes the folder; a `CliError` when the name cannot be used, or anything would be overwritten. */
export async function newProvider(
  this: CliContext,
  flags: ProviderNewFlags,
  name: string,
): Promise<void> {
  checkName(name);
  const folder = resolve(this.workingDirectory, flags.dir ?? name);
  const shown = escapeControls(pathFrom(this.workingDirectory, folder));
  const files = await scaffoldFiles(name);
  for (const file of files) {
    if (!(await exists(join(folder, file.name)))) continue;
    throw new CliError(
      `Cannot write "${shown}": it holds ${file.name} already\nName another folder: clrk provider new ${name} --dir DIR`,
    );
  }
  await mkdir(folder, { recursive: true });
  for (const file of files) await writeFile(join(folder, file.name), file.text, { flag: "wx" });
  const lines = files.map((file) => `  ${file.name.padEnd(18)}${file.brief}`);
  const next = [
    `Check it   clrk provider test ${shown}`,
    `Serve it   clrk dev -f DIR --provider ${shown}`,
  ];
  this.process.stdout.write(`${[`Wrote ${shown}`, ...lines, ...next].join("\n")}\n`);
}

function checkName(name: string): void {
  if (!isProviderName(name)) {
    throw new CliError(
      `Cannot use name "${escapeControls(name)}": wanted lower-case words joined by - or _, at most 63 characters`,
      { exitCode: EXIT_CODE.usage },
    );
  }
  const taken = findProviderByName(name) ?? findProviderByName(name.replaceAll("-", "_"));
  if (taken !== undefined) {
    throw new CliError(
      `Cannot use name "${name}": it means the built-in provider ${taken.name}\nSee all names: clrk provider list`,
    );
  }
}

/** As it can be given to `--provider`: with `./` where it is below. */
function pathFrom(directory: string, path: string): string {
  const shorter = relative(directory, path) || ".";
  const isOutside = shorter.startsWith("..");
  return isOutside ? path : shorter === "." ? "." : `.${sep}${shorter}`;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
