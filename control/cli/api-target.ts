/**
 * Which API server a command means: the one that is named, else the one that was chosen, else the control process of
 * this `CLRK_HOME`, else what `$KUBECONFIG` says.
 */
import { chmod, readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { CliContext } from "./cli-context.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { readKubeconfig } from "./kubeconfig-file.ts";
import type { ApiTarget, ContextEntry, Kubeconfig } from "./kubeconfig-file.ts";

/** Options of every command that talks to an API server. */
export interface ApiFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** A choice that `clrk context use` wrote down. */
export interface ChosenContext {
  readonly context: string;
  /** Kubeconfigs that have it, read as one */
  readonly files: readonly string[];
}

/** What a target is found in. */
export type TargetPlace = Pick<CliContext, "home" | "workingDirectory" | "process">;

/** Path of the kubeconfig that the control process of this home writes. */
export function ownKubeconfig({ home }: Pick<TargetPlace, "home">): string {
  return path.join(home.root, "kubeconfig");
}

/** Path where `clrk context use` writes the choice. */
export function choiceFile({ home }: Pick<TargetPlace, "home">): string {
  return path.join(home.root, "config");
}

/** A context and the kubeconfigs that it is one of. */
export interface KnownContext extends ContextEntry {
  readonly config: Kubeconfig;
  readonly isOwn: boolean;
}

/** Every context that can be named, those of this home first; a name that is there twice counts the first time. */
export async function listContexts(place: TargetPlace): Promise<readonly KnownContext[]> {
  const own = await readKubeconfig([ownKubeconfig(place)]);
  const others = await readKubeconfig(userFiles(place));
  const known = [
    ...own.contexts.map((entry) => ({ ...entry, config: own, isOwn: true })),
    ...others.contexts.map((entry) => ({ ...entry, config: others, isOwn: false })),
  ];
  return known.filter(({ name }, at) => known.findIndex((one) => one.name === name) === at);
}

/** Returns the choice of `clrk context use`, or undefined when there is none. Throws a `CliError` for a broken file. */
export async function readChoice(place: TargetPlace): Promise<ChosenContext | undefined> {
  const file = choiceFile(place);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return undefined; // nothing was chosen
  }
  const value = parseChoice(text);
  if (value !== undefined) return value;
  throw new CliError(
    `Cannot read "${escapeControls(file)}": it is no choice of a context\nChoose again: clrk context use NAME`,
  );
}

/** Writes the choice, or takes it back when undefined. */
export async function writeChoice(
  place: TargetPlace,
  choice: ChosenContext | undefined,
): Promise<void> {
  const file = choiceFile(place);
  if (choice === undefined) {
    await rm(file, { force: true });
    return;
  }
  const { openHomeDirectory } = await import("../../gateway/home-directory.ts");
  await openHomeDirectory(place.home);
  const { replaceFile } = await import("../../certs/atomic-file.ts");
  await replaceFile(file, `${JSON.stringify(choice, undefined, 2)}\n`, "owner");
  await chmod(file, 0o600);
}

function parseChoice(text: string): ChosenContext | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    if (!("context" in value && "files" in value)) return undefined;
    const { context, files } = value;
    if (typeof context !== "string" || !Array.isArray(files)) return undefined;
    return { context, files: files.map(String) };
  } catch {
    return undefined; // said by the caller
  }
}

/**
 * Returns the API server that is meant, or undefined when nothing says one: no option, no choice, no control process,
 * no `$KUBECONFIG`. Throws a `CliError` for one that is named and cannot be used.
 */
export async function findApiTarget(
  place: TargetPlace,
  flags: ApiFlags = {},
): Promise<ApiTarget | undefined> {
  if (flags.kubeconfig !== undefined) return openNamedFile(place, flags);
  if (flags.context !== undefined) return openNamedContext(place, flags.context);
  const choice = await readChoice(place);
  if (choice !== undefined) return openChoice(choice);
  const own = await readKubeconfig([ownKubeconfig(place)]);
  if (own.currentContext !== "") return openFrom(own, { context: own.currentContext, isOwn: true });
  // Never ~/.kube/config by itself: that is some cluster, which nobody named to clrk.
  if (!place.process.env["KUBECONFIG"]) return undefined;
  const config = await readKubeconfig(userFiles(place));
  if (config.currentContext === "") return undefined;
  return openFrom(config, { context: config.currentContext, isOwn: false });
}

/** As `findApiTarget`; throws a `CliError` with the next step when there is none. */
export async function getApiTarget(place: TargetPlace, flags: ApiFlags = {}): Promise<ApiTarget> {
  const found = await findApiTarget(place, flags);
  if (found !== undefined) return found;
  throw new CliError(
    [
      `Cannot find an API server: there is no "${escapeControls(ownKubeconfig(place))}"`,
      "Start one: clrk dev -f DIR",
      "Or name another: --kubeconfig FILE, or clrk context use NAME",
    ].join("\n"),
  );
}

async function openNamedFile(place: TargetPlace, flags: ApiFlags): Promise<ApiTarget> {
  const file = path.resolve(place.workingDirectory, flags.kubeconfig ?? "");
  const config = await readKubeconfig([file]);
  if (config.files.length === 0) {
    throw new CliError(`Cannot use kubeconfig "${escapeControls(file)}": there is no such file`);
  }
  const context = flags.context ?? config.currentContext;
  if (context === "") {
    throw new CliError(
      `Cannot use kubeconfig "${escapeControls(file)}": it has no current context\nName one: --context NAME`,
    );
  }
  return openFrom(config, { context, isOwn: file === ownKubeconfig(place) });
}

async function openNamedContext(place: TargetPlace, name: string): Promise<ApiTarget> {
  const known = await listContexts(place);
  const found = known.find((one) => one.name === name);
  if (found !== undefined) return openFrom(found.config, { context: name, isOwn: found.isOwn });
  const names = known.map((one) => `"${escapeControls(one.name)}"`).join(", ") || "none";
  throw new CliError(
    `Cannot find context "${escapeControls(name)}": there are ${names}\nSee all: clrk context list`,
  );
}

async function openChoice({ context, files }: ChosenContext): Promise<ApiTarget> {
  const config = await readKubeconfig(files);
  if (config.contexts.some(({ name }) => name === context)) {
    return openFrom(config, { context, isOwn: false });
  }
  throw new CliError(
    [
      `Cannot use context "${escapeControls(context)}": ${files.map(escapeControls).join(", ")} has it no more`,
      "Choose another: clrk context use NAME",
    ].join("\n"),
  );
}

async function openFrom(
  config: Kubeconfig,
  { context, isOwn }: { readonly context: string; readonly isOwn: boolean },
): Promise<ApiTarget> {
  return { ...(await config.open(context)), isOwn };
}

/** As kubectl finds them. */
function userFiles({ process: { env }, workingDirectory }: TargetPlace): readonly string[] {
  const listed = (env["KUBECONFIG"] ?? "").split(path.delimiter).filter((file) => file !== "");
  if (listed.length > 0) return listed.map((file) => path.resolve(workingDirectory, file));
  return [path.join(env["HOME"] || homedir(), ".kube", "config")];
}
