/**
 * A set of applied objects as KEP-3659 has it: a Secret or ConfigMap is its parent, names its members' kinds and
 * namespaces, and gives it an id that no other parent has. Invariant: a parent is never taken from another tool, and says
 * at least what is a member.
 */
import { createHash } from "node:crypto";
import { dnsSubdomainFormat } from "../../crds/name-formats.ts";
import { version as ownVersion } from "../../gateway/version.ts";
import { ApiError } from "./api-error.ts";
import { pathOf } from "./api-resources.ts";
import type { ApiResource } from "./api-resources.ts";
import { CliError, EXIT_CODE } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { mapOf, textOf } from "./json-parts.ts";
import type { JsonMap } from "./json-parts.ts";
import type { ObjectServer } from "./object-source.ts";

/** Label of members; its value is the id of their set. */
export const partOfLabel = "applyset.kubernetes.io/part-of";

/** By this label a set is found when only the id that its members have is known. */
export const parentIdLabel = "applyset.kubernetes.io/id";

const TOOLING = "applyset.kubernetes.io/tooling";
const GROUP_KINDS = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES = "applyset.kubernetes.io/additional-namespaces";

const toolName = "clrk";

/** Field manager of parents; members have that of applied objects. */
const parentManager = "clrk-applyset";

const parentKinds: ReadonlyMap<string, ApplySetParent["kind"]> = new Map([
  ...["secret", "secrets"].map((word) => [word, "Secret"] as const),
  ...["configmap", "configmaps", "cm"].map((word) => [word, "ConfigMap"] as const),
]);

/** Names the object that a set belongs to. */
export interface ApplySetParent {
  readonly kind: "ConfigMap" | "Secret";
  readonly namespace: string;
  readonly name: string;
}

/** Where members can be. */
export interface ApplySetExtent {
  /** `Kind`, or `Kind.group` outside the core group */
  readonly kinds: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
}

/** A set as its parent says. */
export interface ApplySet extends ApplySetExtent {
  readonly parent: ApplySetParent;
  readonly id: string;
  /** Of the parent as it was read or written; undefined while there is none */
  readonly version: string | undefined;
  readonly annotations: JsonMap;
}

/** Options that name a set, as the user gave them. */
export interface ApplySetFlags {
  readonly applyset?: string;
  readonly "applyset-namespace"?: string;
  readonly namespace?: string;
}

/** Reads the options; undefined without `--applyset`. Throws a `CliError` of wrong usage. */
export function readApplySetParent(flags: ApplySetFlags): ApplySetParent | undefined {
  const { applyset: words, "applyset-namespace": own, namespace = own } = flags;
  if (words === undefined) {
    if (own === undefined) return undefined;
    throw usage("Cannot apply: --applyset-namespace names no set\nAdd --applyset NAME");
  }
  const [first = "", second, ...more] = words.split("/");
  const kind = parentKinds.get(second === undefined ? "secret" : first.toLowerCase());
  const name = second ?? first;
  if (kind === undefined || more.length > 0 || dnsSubdomainFormat.read(name).kind !== "valid") {
    throw usage(
      `Cannot use --applyset "${escapeControls(words)}": wanted the name of a Secret, or configmap/NAME`,
    );
  }
  const within = own ?? namespace;
  if (within !== undefined) return { kind, namespace: within, name };
  throw usage(
    `Cannot use --applyset "${name}": a set belongs to an object, and nothing says of which namespace\nSay it: -n NAMESPACE, or --applyset-namespace NAMESPACE where manifests are in several`,
  );
}

/** The id of a set, as every tool of KEP-3659 makes it: at most 63 characters, fit for a label. */
export function applySetId({ name, namespace, kind }: ApplySetParent): string {
  const hash = createHash("sha256").update(`${name}.${namespace}.${kind}.`).digest("base64url");
  return `applyset-${hash}-v1`;
}

/** `secret/web in namespace team`, for messages. */
export function formatApplySet({ kind, namespace, name }: ApplySetParent): string {
  return escapeControls(`${kind.toLowerCase()}/${name} in namespace ${namespace}`);
}

/** The kind of a resource as parents name it. */
export function groupKindOf({ kind, group }: Pick<ApiResource, "group" | "kind">): string {
  return group === "" ? kind : `${kind}.${group}`;
}

/**
 * What the parent says; a set without members where there is no parent yet. Throws a `CliError` for an object that is
 * not a parent of ours, and for kinds that the server does not have.
 */
export async function openApplySet(
  server: ObjectServer,
  parent: ApplySetParent,
): Promise<ApplySet> {
  const id = applySetId(parent);
  const none = { parent, id, kinds: new Set<string>(), annotations: {} };
  const found = await findParent(server, parent);
  if (found === undefined) {
    return { ...none, version: undefined, namespaces: new Set([parent.namespace]) };
  }
  const annotations = mapOf(found["annotations"]);
  checkOwner(parent, { id, annotations, labels: mapOf(found["labels"]) });
  const kinds = listOf(annotations[GROUP_KINDS]);
  const known = new Set(server.resources.map(groupKindOf));
  const strange = kinds.find((kind) => !known.has(kind));
  if (strange !== undefined) {
    throw refusal(
      parent,
      `the server has no kind "${strange}", of which members are`,
      `Serve the kind again, or take it out of the annotation ${GROUP_KINDS}`,
    );
  }
  return {
    ...none,
    ...{ kinds: new Set(kinds), annotations, version: textOf(found["resourceVersion"]) },
    namespaces: new Set([parent.namespace, ...listOf(annotations[NAMESPACES])]),
  };
}

/**
 * Writes the extent into the parent, which is made where there is none; gives the set as it is then. Throws an
 * `ApiError`, and a `CliError` where somebody changed the parent since it was read.
 */
export async function writeApplySet(
  server: ObjectServer,
  set: ApplySet,
  { extent, isDryRun }: { readonly extent: ApplySetExtent; readonly isDryRun: boolean },
): Promise<ApplySet> {
  const { parent, id, version } = set;
  const annotations = annotationsOf(parent, extent);
  const isSame = Object.entries(annotations).every(([key, text]) => set.annotations[key] === text);
  if (version !== undefined && isSame) return set;
  const { namespace, name } = parent;
  const resource = resourceOf(server, parent);
  const metadata = { name, namespace, labels: { [parentIdLabel]: id }, annotations };
  const query = { fieldManager: parentManager, dryRun: isDryRun ? "All" : undefined };
  try {
    const { body } = await server.client.request(
      version === undefined
        ? {
            ...{ method: "POST", path: pathOf(resource, { namespace }), query },
            json: { apiVersion: "v1", kind: parent.kind, metadata },
          }
        : {
            ...{ method: "PATCH", path: pathOf(resource, { namespace, name }), query },
            content: {
              type: "application/merge-patch+json",
              bytes: JSON.stringify({ metadata: { ...metadata, resourceVersion: version } }),
            },
          },
    );
    const written = textOf(mapOf(mapOf(body)["metadata"])["resourceVersion"]);
    return { ...set, ...extent, annotations, version: isDryRun ? version : written };
  } catch (error) {
    if (!(error instanceof ApiError) || error.failure !== "conflict") throw error;
    throw refusal(parent, "somebody else changed it meanwhile", "Apply again");
  }
}

/** What both cover. */
export function joinExtents(one: ApplySetExtent, other: ApplySetExtent): ApplySetExtent {
  return {
    kinds: one.kinds.union(other.kinds),
    namespaces: one.namespaces.union(other.namespaces),
  };
}

async function findParent(
  server: ObjectServer,
  parent: ApplySetParent,
): Promise<JsonMap | undefined> {
  const path = pathOf(resourceOf(server, parent), parent);
  try {
    const { body } = await server.client.request({ path });
    return mapOf(mapOf(body)["metadata"]);
  } catch (error) {
    if (error instanceof ApiError && error.failure === "not-found") return undefined;
    throw error;
  }
}

function checkOwner(
  parent: ApplySetParent,
  {
    id,
    annotations,
    labels,
  }: { readonly id: string; readonly annotations: JsonMap; readonly labels: JsonMap },
): void {
  const another = "Take another name for the set";
  const tooling = textOf(annotations[TOOLING]);
  if (tooling === "") {
    throw refusal(parent, `it is there already, and without the annotation ${TOOLING}`, another);
  }
  const [tool = ""] = tooling.split("/");
  if (tool !== toolName) {
    throw refusal(parent, `it belongs to "${tool}", not to "${toolName}"`, another);
  }
  const said = textOf(labels[parentIdLabel]);
  if (said !== id) {
    throw refusal(
      parent,
      `its label ${parentIdLabel} says "${said}", wanted "${id}"`,
      "It was copied or changed by hand: take another name, or mend the label",
    );
  }
  if (typeof annotations[GROUP_KINDS] === "string") return;
  throw refusal(
    parent,
    `it lacks the annotation ${GROUP_KINDS}, so that its members are not known`,
    another,
  );
}

function annotationsOf(
  { namespace }: ApplySetParent,
  { kinds, namespaces }: ApplySetExtent,
): Readonly<Record<string, string>> {
  const others = [...namespaces].filter((one) => one !== namespace);
  return {
    [TOOLING]: `${toolName}/v${ownVersion}`,
    [GROUP_KINDS]: [...kinds].toSorted().join(","),
    [NAMESPACES]: others.toSorted().join(","),
  };
}

function resourceOf({ resources }: ObjectServer, parent: ApplySetParent): ApiResource {
  const found = resources.find(({ group, kind }) => group === "" && kind === parent.kind);
  if (found !== undefined) return found;
  throw refusal(parent, `the server has no ${parent.kind}s`, "Take the other kind of parent");
}

function listOf(value: unknown): readonly string[] {
  return textOf(value)
    .split(",")
    .filter((part) => part !== "");
}

function refusal(parent: ApplySetParent, why: string, next: string): CliError {
  return new CliError(
    `Cannot use ${formatApplySet(parent)} as an applyset: ${escapeControls(why)}\n${next}`,
  );
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT_CODE.usage });
}
