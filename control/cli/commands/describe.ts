/** `clrk describe`: all that is known of objects, for people. Values of Secrets stay closed. */
import { ageSince, formatAge } from "../age.ts";
import { ApiError } from "../api-error.ts";
import { getResource } from "../api-resources.ts";
import type { ApiResource } from "../api-resources.ts";
import type { ApiFlags } from "../api-target.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { conditionRows } from "../condition-rows.ts";
import { parseWanted } from "../get-request.ts";
import { mapOf, mapsOf, textOf } from "../json-parts.ts";
import type { JsonMap } from "../json-parts.ts";
import { getObject, listObjects } from "../object-reads.ts";
import { findReferences } from "../object-references.ts";
import type { ObjectReference } from "../object-references.ts";
import { openObjectServer } from "../object-source.ts";
import type { ObjectServer } from "../object-source.ts";
import { namespaceOf, shownForm } from "../stored-object.ts";
import type { StoredObject } from "../stored-object.ts";
import { formatTable } from "../table.ts";
import { toYaml } from "../whole-objects.ts";

/** Options as the user gave them. */
export interface DescribeFlags extends ApiFlags {
  readonly namespace?: string;
}

/** Prints one block an object; throws a `CliError` when one of a name is not there, after the others. */
export async function describe(
  this: CliContext,
  flags: DescribeFlags,
  ...words: string[]
): Promise<void> {
  const wanted = parseWanted(words, "describe");
  const server = await openObjectServer(this, flags);
  const { stdout } = this.process;
  const missing: string[] = [];
  let count = 0;
  for (const { kindWord, names } of wanted) {
    const resource = getResource(server.resources, kindWord, "describe");
    const namespace = resource.namespaced
      ? (flags.namespace ?? server.client.target.namespace)
      : "";
    for (const name of names.length > 0 ? names : await allNames(server, resource, namespace)) {
      const object = await findObject(server, resource, { namespace, name });
      if (object === undefined) {
        missing.push(missingLine(resource, { namespace, name }));
        continue;
      }
      const text = await describeOne(this, server, { object, resource });
      stdout.write(count++ === 0 ? text : `\n${text}`);
    }
  }
  if (missing.length > 0) throw new CliError(missing.join("\n"));
  if (count === 0) this.process.stderr.write("Nothing to describe: there is no such object\n");
}

async function allNames(
  { client }: ObjectServer,
  resource: ApiResource,
  namespace: string,
): Promise<readonly string[]> {
  const { rows } = await listObjects(client, resource, { namespace });
  return rows.map(({ object }) => object.metadata.name);
}

async function findObject(
  { client }: ObjectServer,
  resource: ApiResource,
  place: { readonly namespace: string; readonly name: string },
): Promise<StoredObject | undefined> {
  try {
    const { rows } = await getObject(client, resource, place);
    return rows[0]?.object;
  } catch (error) {
    if (error instanceof ApiError && error.failure === "not-found") return undefined;
    throw error;
  }
}

function missingLine(
  { kind, plural, namespaced }: ApiResource,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string {
  const place = namespaced ? ` in namespace "${escapeControls(namespace)}"` : "";
  const step = `clrk get ${plural}${namespaced ? " -A" : ""}`;
  return `Cannot find ${kind} "${escapeControls(name)}"${place}: it is not there\nSee all: ${step}`;
}

interface Described {
  readonly object: StoredObject;
  readonly resource: ApiResource;
}

async function describeOne(
  context: CliContext,
  server: ObjectServer,
  { object, resource }: Described,
): Promise<string> {
  const shown = shownForm(object);
  const [references, events] = await Promise.all([
    findReferences(server, object),
    listEvents(server, object),
  ]);
  const nowMs = context.now();
  const { bold } = context.process.stdout.palette;
  const sections: readonly (readonly [string, string])[] = [
    ...(await contentSections(shown)),
    ["Status", await formatStatus(mapOf(shown["status"]))],
    ["Conditions", formatConditions(mapOf(shown["status"]), nowMs)],
    ["Referred to by", formatReferences(references)],
    ["Events", formatEvents(events, nowMs)],
  ];
  const blocks = sections
    .filter(([, text]) => text !== "")
    .map(([title, text]) => `${bold(`${title}:`)}\n${indent(text)}`);
  return `${formatFacts(object, { resource, nowMs })}${blocks.join("")}`;
}

function formatFacts(
  object: StoredObject,
  { resource, nowMs }: { readonly resource: ApiResource; readonly nowMs: number },
): string {
  const { metadata } = object;
  const created = textOf(metadata["creationTimestamp"]);
  const deleting = textOf(metadata["deletionTimestamp"]);
  const owners = mapsOf(metadata["ownerReferences"]).map(
    ({ kind, name }) => `${textOf(kind)}/${textOf(name)}`,
  );
  const facts: readonly (readonly [string, string])[] = [
    ["Name", metadata.name],
    ["Namespace", resource.namespaced ? namespaceOf(object) : ""],
    ["Kind", `${object.kind} (${object.apiVersion})`],
    ["Labels", formatPairs(metadata["labels"])],
    ["Annotations", formatPairs(mapOf(shownForm(object)["metadata"])["annotations"])],
    ["Created", formatTime(created, nowMs)],
    ["Deleting", formatTime(deleting, nowMs)],
    ["Finalizers", deleting === "" ? "" : listText(metadata["finalizers"])],
    ["Owners", owners.join(", ")],
  ];
  return facts
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${`${name}:`.padEnd(14)}${escapeControls(value)}\n`)
    .join("");
}

function formatPairs(value: unknown): string {
  const pairs = Object.entries(mapOf(value)).map(([name, one]) => `${name}=${textOf(one)}`);
  const text = pairs.join(", ");
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

function listText(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(", ") : "";
}

function formatTime(time: string, nowMs: number): string {
  const ageMs = ageSince(time, nowMs);
  if (time === "" || ageMs === undefined) return time;
  return `${time} (${formatAge(ageMs)} ago)`;
}

const otherMembers: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata", "status"]);

/** `spec`, or whatever a kind has in its place. */
async function contentSections(shown: JsonMap): Promise<(readonly [string, string])[]> {
  const members = Object.entries(shown).filter(
    ([name, value]) => !otherMembers.has(name) && value !== undefined,
  );
  return Promise.all(
    members.map(async ([name, value]) => {
      const title = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
      return [escapeControls(title), await yamlLines(value)] as const;
    }),
  );
}

async function formatStatus(status: JsonMap): Promise<string> {
  const others = Object.entries(status).filter(
    ([name]) => name !== "conditions" && name !== "parents" && name !== "ancestors",
  );
  return others.length === 0 ? "" : yamlLines(Object.fromEntries(others));
}

async function yamlLines(value: unknown): Promise<string> {
  const lines = (await toYaml(value)).trimEnd().split("\n");
  return lines.map((line) => `${escapeControls(line)}\n`).join("");
}

function formatConditions(status: JsonMap, nowMs: number): string {
  const rows = conditionRows(status);
  if (rows.length === 0) return "";
  const hasOf = rows.some(({ of }) => of !== "");
  return formatTable({
    headings: [...(hasOf ? ["OF"] : []), "TYPE", "STATUS", "AGE", "REASON", "MESSAGE"],
    rows: rows.map((row) => {
      const ageMs = ageSince(row.since, nowMs);
      const age = ageMs === undefined ? "" : formatAge(ageMs);
      return [...(hasOf ? [row.of] : []), row.type, row.status, age, row.reason, row.message];
    }),
  });
}

function formatReferences(references: readonly ObjectReference[]): string {
  if (references.length === 0) return "";
  return formatTable({
    headings: ["KIND", "NAMESPACE", "NAME", "FIELD"],
    rows: references.map(({ kind, namespace, name, field }) => [kind, namespace, name, field]),
  });
}

async function listEvents(
  { client, resources }: ObjectServer,
  { kind, metadata }: StoredObject,
): Promise<readonly JsonMap[]> {
  const events = resources.find(({ kind: one, group }) => one === "Event" && group === "");
  if (events === undefined) return [];
  try {
    const { rows } = await listObjects(client, events, {
      namespace: metadata.namespace ?? "",
      fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${metadata.name}`,
    });
    return rows.map(({ object }) => object);
  } catch (error) {
    if (error instanceof ApiError && error.failure === "forbidden") return [];
    throw error;
  }
}

function formatEvents(events: readonly JsonMap[], nowMs: number): string {
  if (events.length === 0) return "";
  const times = events.map((event) => ({
    event,
    time: textOf(event["lastTimestamp"]) || textOf(event["eventTime"]),
  }));
  return formatTable({
    headings: ["AGE", "TYPE", "REASON", "COUNT", "MESSAGE"],
    rows: times
      .toSorted((left, right) => Date.parse(left.time) - Date.parse(right.time))
      .map(({ event, time }) => {
        const ageMs = ageSince(time, nowMs);
        return [
          ageMs === undefined ? "" : formatAge(ageMs),
          textOf(event["type"]),
          textOf(event["reason"]),
          String(event["count"] ?? 1),
          textOf(event["message"]),
        ];
      }),
  });
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}\n`)
    .join("");
}
