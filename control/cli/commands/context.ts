/** `clrk context`: which API server is asked when no option says one. */
import { createApiClient } from "../api-client.ts";
import { findApiTarget, getApiTarget, listContexts, writeChoice } from "../api-target.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import type { ApiTarget } from "../kubeconfig-file.ts";
import type { OutputFlags } from "../output-flags.ts";
import { shortenPath } from "../problem-line.ts";
import { formatTable } from "../table.ts";
import { formatValue } from "../whole-objects.ts";

/** Prints every context that can be named, and which one is asked. */
export async function listKnownContexts(this: CliContext, { output }: OutputFlags): Promise<void> {
  const { stdout, stderr } = this.process;
  const known = await listContexts(this);
  // A choice that broke is told, and must not keep anybody from choosing again.
  const current = await findApiTarget(this).catch((error: unknown) => {
    if (!(error instanceof CliError)) throw error;
    stderr.write(`${error.message}\n`);
    return undefined;
  });
  const contexts = known.map(({ name, server, user, namespace, file }) => {
    const isCurrent = current?.context === name && current.file === file;
    return { name, current: isCurrent, server, user, namespace, kubeconfig: file };
  });
  if (output !== undefined) {
    stdout.write(await formatValue({ contexts }, output));
    return;
  }
  if (contexts.length === 0) {
    stderr.write("No contexts: there is no kubeconfig\nStart an API server: clrk dev -f DIR\n");
    return;
  }
  stdout.write(
    formatTable({
      headings: ["CURRENT", "NAME", "SERVER", "USER", "NAMESPACE", "KUBECONFIG"],
      rows: contexts.map((one) => [
        one.current ? "*" : "-",
        one.name,
        one.server,
        one.user,
        one.namespace,
        shortenPath(one.kubeconfig, this.workingDirectory),
      ]),
    }),
  );
}

/** Writes the choice down. Throws a `CliError` for a context that is not there or cannot be used. */
export async function useContext(
  this: CliContext,
  _flags: Readonly<Record<never, never>>,
  ...names: string[]
): Promise<void> {
  const [name = "", ...more] = names;
  if (more.length > 0) {
    throw new CliError(`Cannot use ${names.length} contexts: wanted one NAME`, {
      exitCode: EXIT_CODE.usage,
    });
  }
  const target = await getApiTarget(this, { context: name });
  const known = (await listContexts(this)).find((one) => one.name === name);
  const files = known?.config.files ?? [target.file];
  await writeChoice(this, target.isOwn ? undefined : { context: name, files });
  const { stdout, stderr } = this.process;
  stdout.write(`${escapeControls(name)}\n`);
  stderr.write(`Commands about objects now ask ${escapeControls(target.server)}\n`);
  await tellWhetherThere(this, target);
}

/** A server that is away is no reason not to choose it. */
async function tellWhetherThere(context: CliContext, target: ApiTarget): Promise<void> {
  const client = createApiClient(target);
  try {
    await client.request({ path: "/version", timeoutMs: 3_000 });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    context.process.stderr.write(`Warning: ${error.message}\n`);
  } finally {
    client.close();
  }
}

/** Prints the name of the context that is asked; throws a `CliError` when there is none. */
export async function currentContext(this: CliContext): Promise<void> {
  const { context } = await getApiTarget(this);
  this.process.stdout.write(`${escapeControls(context)}\n`);
}
