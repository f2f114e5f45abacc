/** `clrk secret`: Secrets of the API server, set from files, variables or input, shown without values. */
import { ageSince, formatAge } from "../age.ts";
import { ApiError } from "../api-error.ts";
import { getResource, pathOf } from "../api-resources.ts";
import type { ApiFlags } from "../api-target.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { mapOf, textOf } from "../json-parts.ts";
import { listObjects } from "../object-reads.ts";
import { openObjectServer } from "../object-source.ts";
import type { ObjectServer } from "../object-source.ts";
import type { OutputFlags } from "../output-flags.ts";
import { parseValueSource, readValues } from "../secret-value-source.ts";
import { namespaceOf } from "../stored-object.ts";
import { formatTable } from "../table.ts";
import { formatValue } from "../whole-objects.ts";
import { appliedBy } from "./apply.ts";
import { deleteObjects } from "./delete.ts";

/** Options of `set` and `delete`. */
export interface SecretFlags extends ApiFlags {
  readonly namespace?: string;
}

/** Options of `list`. */
export interface SecretListFlags extends SecretFlags, OutputFlags {
  readonly allNamespaces?: boolean;
}

/** Sets keys of a Secret, which is made where it is not there. Throws a `CliError`; no message has a value. */
export async function setSecret(
  this: CliContext,
  flags: SecretFlags,
  ...words: string[]
): Promise<void> {
  const [name = "", ...pairs] = words;
  if (name.includes("=") || pairs.length === 0) {
    throw new CliError(
      "Cannot set a Secret: wanted NAME, then KEY=@FILE, KEY=env:VARIABLE or KEY=-",
      {
        exitCode: EXIT_CODE.usage,
      },
    );
  }
  const sources = pairs.map(parseValueSource);
  const server = await openObjectServer(this, flags);
  const data = await readValues(this, sources);
  const { namespace = server.client.target.namespace } = flags;
  const verb = await writeSecret(server, { namespace, name, data });
  const keys = Object.keys(data).join(", ");
  this.process.stdout.write(`secret/${escapeControls(name)} ${verb}: ${keys}\n`);
}

async function writeSecret(
  { client, resources }: ObjectServer,
  {
    namespace,
    name,
    data,
  }: { namespace: string; name: string; data: Readonly<Record<string, string>> },
): Promise<"configured" | "created"> {
  const resource = getResource(resources, "secrets", "set");
  const query = { fieldManager: appliedBy };
  // A merge, since an apply would take keys away that an earlier one set.
  const bytes = JSON.stringify({ data });
  const content = { type: "application/merge-patch+json", bytes };
  try {
    await client.request({
      method: "PATCH",
      path: pathOf(resource, { namespace, name }),
      query,
      content,
    });
    return "configured";
  } catch (error) {
    if (!(error instanceof ApiError) || error.failure !== "not-found") throw error;
  }
  const json = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    type: "Opaque",
    data,
  };
  await client.request({ method: "POST", path: pathOf(resource, { namespace }), query, json });
  return "created";
}

/** Prints Secrets with the names of their keys. */
export async function listSecrets(this: CliContext, flags: SecretListFlags): Promise<void> {
  const { client, resources } = await openObjectServer(this, flags);
  const resource = getResource(resources, "secrets", "list");
  const { namespace = client.target.namespace, allNamespaces = false } = flags;
  const table = await listObjects(client, resource, { namespace: allNamespaces ? "" : namespace });
  const secrets = table.rows.map(({ object }) => ({
    namespace: namespaceOf(object),
    name: object.metadata.name,
    type: textOf(object["type"]),
    keys: Object.keys(mapOf(object["data"])).sort(),
    createdAt: textOf(object.metadata["creationTimestamp"]),
  }));
  const { stdout, stderr } = this.process;
  if (flags.output !== undefined) {
    stdout.write(await formatValue({ secrets }, flags.output));
    return;
  }
  if (secrets.length === 0) {
    stderr.write("No Secrets\nMake one: clrk secret set NAME KEY=@FILE\n");
    return;
  }
  stdout.write(
    formatTable({
      headings: [...(allNamespaces ? ["NAMESPACE"] : []), "NAME", "TYPE", "KEYS", "AGE"],
      rows: secrets.map((one) => {
        const ageMs = ageSince(one.createdAt, this.now());
        const age = ageMs === undefined ? "" : formatAge(ageMs);
        return [
          ...(allNamespaces ? [one.namespace] : []),
          one.name,
          one.type,
          one.keys.join(","),
          age,
        ];
      }),
    }),
  );
}

/** Deletes Secrets by name. Throws a `CliError` when one is not there. */
export async function deleteSecrets(
  this: CliContext,
  flags: SecretFlags,
  ...names: string[]
): Promise<void> {
  await deleteObjects.call(this, flags, "secrets", ...names);
}
