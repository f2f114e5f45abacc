/**
 * Loads providers from files and packages that the configuration names, and adds them to the registry of this thread.
 * Whatever is wrong with a plugin is a sentence, and nothing starts with half of the plugins.
 */

import { pathToFileURL } from "node:url";
import { checkDeclaration } from "../providers/declaration.ts";
import { providerKit } from "../providers/provider-kit.ts";
import type { ProviderPlugin } from "../providers/provider-plugin.ts";
import type { Provider } from "../providers/provider.ts";
import { addProviders } from "../providers/registry.ts";
import { isObject } from "../providers/value-check.ts";
import { ClrkError, describeError, errorCodeOf } from "./errors.ts";
import { findPluginFile } from "./plugin-file.ts";

/** A plugin that was loaded. */
export interface LoadedPlugin {
  /** As it was named */
  readonly specifier: string;
  /** Absolute path of its file; names it in every folder */
  readonly path: string;
  readonly provider: Provider;
}

/** What became of loading. */
export interface PluginLoad {
  readonly plugins: readonly LoadedPlugin[];
  /** One sentence for each thing that is wrong; plugins without any are in `plugins` all the same */
  readonly problems: readonly string[];
}

/** Where and how plugins are looked for. */
export interface PluginLoadOptions {
  /** Folder that relative paths start from, and where packages are installed */
  readonly from: string;
  /** Time for a module to load in `ms`; 10 s when absent */
  readonly deadlineMs?: number;
}

const defaultDeadlineMs = 10_000;

const exportShape = "plugin = { interfaceVersion, createProvider }";

/** Loads plugins and checks them; adds nothing to the registry. The same file is loaded once. Never rejects. */
export async function loadProviderPlugins(
  specifiers: readonly string[],
  options: PluginLoadOptions,
): Promise<PluginLoad> {
  const plugins = new Map<string, LoadedPlugin>();
  const problems: string[] = [];
  for (const specifier of specifiers) {
    const outcome = await loadPlugin(specifier, options);
    if (outcome.kind === "loaded") plugins.set(outcome.plugin.path, outcome.plugin);
    else {
      const subject = `Cannot load provider plugin ${JSON.stringify(specifier)}`;
      problems.push(...outcome.reasons.map((reason) => `${subject}: ${reason}`));
    }
  }
  return { plugins: [...plugins.values()], problems };
}

/**
 * Loads plugins and lets every look-up of this thread see them. Raises CLRK_INVALID_ARGUMENT, with a sentence on a
 * line for each thing that is wrong; then none is added.
 */
export async function installProviderPlugins(
  specifiers: readonly string[],
  options: PluginLoadOptions,
): Promise<readonly LoadedPlugin[]> {
  const { plugins, problems } = await loadProviderPlugins(specifiers, options);
  const found =
    problems.length > 0
      ? problems
      : addProviders(plugins.map(({ provider }) => provider)).map(
          (clause) => `Cannot add provider plugins: ${clause}`,
        );
  if (found.length === 0) return plugins;
  const message = found.join("\n");
  throw new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}

type LoadOutcome =
  | { readonly kind: "loaded"; readonly plugin: LoadedPlugin }
  | { readonly kind: "failed"; readonly reasons: readonly string[] };

async function loadPlugin(specifier: string, options: PluginLoadOptions): Promise<LoadOutcome> {
  const file = await findPluginFile(specifier, options.from);
  if (file.kind === "missing") return failed(file.reason);
  try {
    const plugin = findPlugin(await importModule(file.path, options));
    if (typeof plugin === "string") return failed(`${file.path} ${plugin}`);
    const checked = checkDeclaration(plugin.createProvider(providerKit));
    if (checked.kind === "wrong") return { kind: "failed", reasons: checked.problems };
    const { provider } = checked;
    return { kind: "loaded", plugin: { specifier, path: file.path, provider } };
  } catch (error) {
    return failed(describeFailure(error, file.path));
  }
}

async function importModule(file: string, options: PluginLoadOptions): Promise<unknown> {
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // Holds the process: without anything to wait for, Node would end it in the middle of the import.
    timer = setTimeout(() => {
      reject(new Error(`Loading took longer than ${deadlineMs} ms`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([import(pathToFileURL(file).href), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The plugin that a module exports, or a clause about what it exports instead. */
function findPlugin(module: unknown): ProviderPlugin | string {
  const exported = isObject(module) ? (module["plugin"] ?? module["default"]) : undefined;
  if (!isObject(exported)) return `does not export ${exportShape}`;
  const { interfaceVersion, createProvider } = exported;
  const own = providerKit.interfaceVersion;
  if (interfaceVersion !== own) {
    const theirs = interfaceVersion === undefined ? "none" : JSON.stringify(interfaceVersion);
    return `is written for version ${theirs} of the provider interface, and this clrk has version ${own}`;
  }
  if (typeof createProvider !== "function")
    return `exports no createProvider: wanted ${exportShape}`;
  // Both fields were checked above; it may be called as a method of a class.
  return exported as unknown as ProviderPlugin;
}

function describeFailure(error: unknown, file: string): string {
  const place = `${file}${lineIn(error, file)}`;
  if (errorCodeOf(error) === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING") {
    return `${place}: Node runs no TypeScript under node_modules: publish it as JavaScript`;
  }
  const [text = ""] = describeError(error).split("\n", 1);
  const isOurs = /Cannot find package 'clrk'/.test(text);
  const hint = isOurs ? "; import types of clrk with `import type`, code comes with the kit" : "";
  return `${place}: ${text}${hint}`;
}

/** `:LINE` of the file where an error tells it, else nothing. */
function lineIn(error: unknown, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const name of [pathToFileURL(file).href, file]) {
    const at = stack.indexOf(`${name}:`);
    const line = at < 0 ? undefined : /^\d+/.exec(stack.slice(at + name.length + 1))?.[0];
    if (line !== undefined) return `:${line}`;
  }
  return "";
}

function failed(reason: string): LoadOutcome {
  return { kind: "failed", reasons: [reason] };
}
