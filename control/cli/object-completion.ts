/** Words that the shell may complete after `get`, `describe` and `delete`: kinds, then names of objects. */
import { createApiClient } from "./api-client.ts";
import { discoverResources, findResource, pathOf } from "./api-resources.ts";
import { findApiTarget } from "./api-target.ts";
import type { CliContext } from "./cli-context.ts";
import { mapOf, mapsOf, textOf } from "./json-parts.ts";

/** A shell waits for it with every key. */
const timeoutMs = 1_000;

/** More names than anybody looks through. */
const maxNames = 200;

const gatewayKinds = ["budgets", "placeholders"];

/** What may stand for the last of the words; nothing where nobody answers. Never throws. */
export async function proposeObjects(
  context: CliContext,
  words: readonly string[],
): Promise<readonly string[]> {
  const last = words.at(-1) ?? "";
  const [kindWord = "", begin = ""] = last.includes("/") ? last.split("/") : [words[0], last];
  const isKind = words.length === 1 && !last.includes("/");
  try {
    if (isKind)
      return (await kindNames(context)).filter((name) => name.startsWith(last.toLowerCase()));
    const names = await objectNames(context, kindWord, words);
    const lead = last.includes("/") ? `${kindWord}/` : "";
    return names.filter((name) => name.startsWith(begin)).map((name) => `${lead}${name}`);
  } catch {
    return []; // the command itself tells what is wrong
  }
}

async function kindNames(context: CliContext): Promise<readonly string[]> {
  try {
    const target = await findApiTarget(context);
    if (target !== undefined) {
      const resources = await discoverResources(createApiClient(target));
      return [...new Set([...resources.map(({ plural }) => plural), ...gatewayKinds])];
    }
  } catch {
    // Kinds are known without a server, too.
  }
  const { kinds } = await import("../../crds/kinds.ts");
  return [...kinds.filter(({ stored }) => stored).map(({ plural }) => plural), ...gatewayKinds];
}

async function objectNames(
  context: CliContext,
  kindWord: string,
  words: readonly string[],
): Promise<readonly string[]> {
  const target = await findApiTarget(context);
  if (target === undefined) return [];
  const client = createApiClient(target);
  const resource = findResource(await discoverResources(client), kindWord);
  if (resource === undefined) return [];
  const flag = words.findIndex((word) => word === "-n" || word === "--namespace");
  const namespace = (flag === -1 ? undefined : words[flag + 1]) ?? target.namespace;
  const { body } = await client.request({
    path: pathOf(resource, { namespace }),
    accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    query: { limit: maxNames },
    timeoutMs,
  });
  return mapsOf(mapOf(body)["items"]).map((item) => textOf(mapOf(item["metadata"])["name"]));
}
