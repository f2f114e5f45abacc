/**
 * CredentialInjectionPolicies and what they are bound to: a route, one backend of a route, or a gateway. Of two that
 * write the same thing in one place the first in precedence applies, and the other is told so.
 */

import type { CredentialInjectionPolicy } from "../../crds/credential-injection-policy.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import { quoteChoice } from "../../crds/problem.ts";
import type { ObjectName } from "../snapshot.ts";
import type { CredentialSource, SourceOptions } from "./credential-source.ts";
import { readCredentialSource } from "./credential-source.ts";
import type { ObjectIndex } from "./object-index.ts";
import { objectKey } from "./object-index.ts";
import type { DenyAction } from "./refusal.ts";
import { refuseWithoutCredential } from "./refusal.ts";
import type { Finding, ParentName, StatusBook } from "./status-book.ts";
import { accepted } from "./status-book.ts";

/** One policy at one place. */
export interface CredentialBinding {
  readonly policy: ObjectName;
  /** What it writes, see `CredentialSource` */
  readonly slot: string;
  /** Name of the backend whose requests it is about; absent: all */
  readonly section?: string;
  readonly source: Extract<CredentialSource, { readonly values: unknown }> | DenyAction;
}

/** Bindings by `objectKey` of the route or gateway, in precedence. */
export type CredentialBindings = ReadonlyMap<string, readonly CredentialBinding[]>;

type Target = CredentialInjectionPolicy["spec"]["targetRefs"][number];

/** Binds all policies and says in the book how each stands with its targets. */
export function bindCredentials(
  index: ObjectIndex,
  book: StatusBook,
  options: SourceOptions = {},
): CredentialBindings {
  const bindings = new Map<string, CredentialBinding[]>();
  for (const policy of index.list("CredentialInjectionPolicy")) {
    const source = readCredentialSource(policy, index, options);
    reportSource(policy, source, book);
    for (const target of policy.spec.targetRefs) {
      const parent = targetName(policy, target);
      const finding = bind(policy, source, { target, index, bindings });
      book.reportParent(policy, parent, finding);
    }
  }
  return bindings;
}

/** Whether any of the policies gives agents a placeholder, so that it must be watched for. */
export function hasPlaceholders(bindings: CredentialBindings): boolean {
  return [...bindings.values()].flat().some(({ source }) => source.kind === "placeholder");
}

function reportSource(
  policy: CredentialInjectionPolicy,
  source: CredentialSource,
  book: StatusBook,
): void {
  if (source.kind === "unresolved") book.reportUnresolved(policy, source.finding);
  else for (const note of source.notes) book.note(policy, note);
}

function targetName({ metadata }: CredentialInjectionPolicy, target: Target): ParentName {
  const { kind, name, sectionName } = target;
  const { namespace } = metadata;
  return { kind, namespace, name, ...(sectionName !== undefined && { sectionName }) };
}

function bind(
  policy: CredentialInjectionPolicy,
  source: CredentialSource,
  place: {
    readonly target: Target;
    readonly index: ObjectIndex;
    readonly bindings: Map<string, CredentialBinding[]>;
  },
): Finding<"Accepted"> {
  const { target, index, bindings } = place;
  const label = formatReference(targetName(policy, target));
  const object = index.find(target.kind, policy.metadata.namespace, target.name);
  if (object === undefined) {
    return { reason: "TargetNotFound", message: `${label} does not exist` };
  }
  const unknown = findUnknownSection(object, target.sectionName);
  if (unknown !== undefined) return { reason: "Invalid", message: `${label} ${unknown}` };
  const needsHosts =
    (object.kind === "EgressHTTPRoute" || object.kind === "MCPRoute") &&
    object.spec.hostnames.length === 0;
  const message = `${label} names no host, and a credential is bound to named hosts`;
  const refusal = needsHosts ? refuseWithoutCredential(referenceOf(policy), message) : undefined;
  const rivals = listOf(bindings, objectKey(object));
  const rival = rivals.find(
    ({ slot, section }) => slot === source.slot && section === target.sectionName,
  );
  if (rival === undefined) rivals.push(createBinding(policy, source, { target, refusal }));
  else if (formatReference(rival.policy) !== objectKey(policy)) return conflict(rival, label);
  return refusal === undefined ? accepted : { reason: "Invalid", message };
}

function createBinding(
  policy: CredentialInjectionPolicy,
  source: CredentialSource,
  { target, refusal }: { readonly target: Target; readonly refusal: DenyAction | undefined },
): CredentialBinding {
  const { sectionName } = target;
  const name = referenceOf(policy);
  return {
    policy: name,
    slot: source.slot,
    ...(sectionName !== undefined && { section: sectionName }),
    source: refusal ?? usable(source, name),
  };
}

function usable(source: CredentialSource, policy: ObjectName): CredentialBinding["source"] {
  if (source.kind !== "unresolved") return source;
  const { reason, message } = source.finding;
  // Which endpoint is asked, and how it fails, is for the operator: the condition says it, not the agent's refusal.
  const text = reason === "CredentialNotMinted" ? "there is none at the moment" : message;
  return refuseWithoutCredential(policy, text);
}

interface NamedBackends {
  readonly backendRefs: readonly { readonly name: string }[];
}

function findUnknownSection(object: ParsedObject, section: string | undefined): string | undefined {
  if (section === undefined) return undefined;
  if (object.kind !== "AIProviderRoute" && object.kind !== "MCPRoute") return "has no sections";
  const { rules }: { readonly rules: readonly NamedBackends[] } = object.spec;
  const names = new Set(rules.flatMap(({ backendRefs }) => backendRefs.map(({ name }) => name)));
  if (names.has(section)) return undefined;
  return `has no backend "${section}": its backends are ${quoteChoice([...names])}`;
}

function conflict({ policy, slot }: CredentialBinding, label: string): Finding<"Accepted"> {
  return {
    reason: "Conflicted",
    message: `${formatReference(policy)} already writes "${slot}" for ${label}`,
  };
}

function listOf(bindings: Map<string, CredentialBinding[]>, key: string): CredentialBinding[] {
  const known = bindings.get(key);
  if (known !== undefined) return known;
  const list: CredentialBinding[] = [];
  bindings.set(key, list);
  return list;
}
