/**
 * Asks a real API server and our own functions the same: each request goes to the server, and what it stores must be
 * what ours compute from the object that it had before. The server's answers are the only truth here.
 */
import { applyPatch } from "../../control/apiserver/apply/apply-patch.ts";
import { conflictCauses, conflictMessage } from "../../control/apiserver/apply/conflicts.ts";
import type { FieldSet } from "../../control/apiserver/apply/field-set.ts";
import { fieldSetOfPaths } from "../../control/apiserver/apply/field-set.ts";
import { recordUpdate } from "../../control/apiserver/apply/record-update.ts";
import {
  equalJson,
  isJsonList,
  isJsonMap,
  ownMap,
  ownString,
  ownValue,
  withKey,
} from "../../control/apiserver/json-tree.ts";
import type { JsonMap, JsonValue } from "../../control/apiserver/json-tree.ts";
import { jsonPatch } from "../../control/apiserver/patch/json-patch.ts";
import { mergePatch } from "../../control/apiserver/patch/merge-patch.ts";
import type { PatchOutcome } from "../../control/apiserver/patch/patch-outcome.ts";
import type { KubeAnswer, KubeApiServer } from "../harness/kubekit.ts";

/** A resource of the real server. */
export interface OracleResource {
  /** Path of the collection */
  readonly path: string;
  readonly schema: JsonMap;
  /** Whether status is a subresource */
  readonly hasStatus: boolean;
}

/** One request for one object. */
export interface OracleStep {
  readonly way: "apply" | "create" | "replace" | "merge" | "json";
  readonly name: string;
  readonly body: JsonValue;
  readonly manager: string;
  readonly force?: boolean;
  readonly subresource?: "status";
}

/** What one step showed. */
export interface OracleFinding {
  readonly status: number;
  /** The object that the server has afterwards */
  readonly object: JsonMap | undefined;
  /** Differences, one sentence each */
  readonly differences: readonly string[];
}

/** One resource on one server, with the objects as the server last gave them. */
export class OwnershipOracle {
  readonly #server: KubeApiServer;
  readonly #resource: OracleResource;
  readonly #objects = new Map<string, JsonMap>();

  constructor(server: KubeApiServer, resource: OracleResource) {
    this.#server = server;
    this.#resource = resource;
  }

  /** The object as the server last gave it. */
  find(name: string): JsonMap | undefined {
    return this.#objects.get(name);
  }

  /** Sends one request and compares. */
  async step(step: OracleStep): Promise<OracleFinding> {
    const live = this.#objects.get(step.name);
    const answer = await this.#send(step);
    const object = answer.status < 300 ? asMap(answer.body) : undefined;
    if (object !== undefined) this.#objects.set(step.name, object);
    const differences =
      step.way === "apply"
        ? this.#compareApply(step, live, answer)
        : this.#compareUpdate(step, live, answer);
    return { status: answer.status, object: object ?? live, differences };
  }

  #send({ way, name, body, manager, force = false, subresource }: OracleStep): Promise<KubeAnswer> {
    const { path } = this.#resource;
    const place =
      way === "create" ? path : `${path}/${name}${subresource ? `/${subresource}` : ""}`;
    const query = new URLSearchParams({ fieldManager: manager });
    if (way === "apply") query.set("force", String(force));
    const types = {
      apply: "application/apply-patch+yaml",
      merge: "application/merge-patch+json",
      json: "application/json-patch+json",
      create: "application/json",
      replace: "application/json",
    };
    const method = { create: "POST", replace: "PUT" }[String(way)] ?? "PATCH";
    return this.#server.request(method, `${place}?${query}`, { body, type: types[way] });
  }

  #reset(step: OracleStep): FieldSet | undefined {
    if (!this.#resource.hasStatus) return undefined;
    return fieldSetOfPaths(
      step.subresource === "status" ? [["f:spec"], ["f:metadata"]] : [["f:status"]],
    );
  }

  #compareApply(step: OracleStep, live: JsonMap | undefined, answer: KubeAnswer): string[] {
    const { schema } = this.#resource;
    const outcome = applyPatch({
      live,
      applied: asMap(step.body) ?? {},
      manager: step.manager,
      force: step.force ?? false,
      now: new Date(),
      schema,
      subresource: step.subresource,
      reset: this.#reset(step),
    });
    const body = asMap(answer.body) ?? {};
    switch (outcome.kind) {
      case "merged":
        if (answer.status >= 300) {
          return isEmptiedToNull(body) || isMissingPart(body)
            ? []
            : [`ours merges, theirs: ${JSON.stringify(body)}`];
        }
        return [
          ...compareManagedFields(outcome.object, body),
          ...compareSpecs(outcome.object, body, step),
        ];
      case "conflict": {
        if (answer.status !== 409) return [`ours conflicts, theirs: ${JSON.stringify(body)}`];
        const causes = ownValue(ownMap(body, "details"), "causes") ?? null;
        return [
          ...differ(
            "message",
            sortLines(conflictMessage(outcome.conflicts)),
            sortLines(ownString(body, "message")),
          ),
          ...differ(
            "causes",
            sortList(JSON.parse(JSON.stringify(conflictCauses(outcome.conflicts)))),
            sortList(causes),
          ),
        ];
      }
      case "invalid":
        return differ("refusal", outcome.message, ownString(body, "message") ?? null);
    }
  }

  #compareUpdate(step: OracleStep, live: JsonMap | undefined, answer: KubeAnswer): string[] {
    const { schema } = this.#resource;
    const sent = sentObject(step, live);
    const body = asMap(answer.body);
    if (sent.kind === "refused") {
      return answer.status < 300
        ? [`ours refuses: ${sent.message}`]
        : differ("refusal", sent.message, ownString(body, "message") ?? null);
    }
    if (answer.status >= 300 || body === undefined) return [];
    const metadata = ownMap(body, "metadata") ?? {};
    const sentManagers = ownValue(ownMap(sent.object, "metadata"), "managedFields");
    const after = withKey(body, "metadata", withKey(metadata, "managedFields", sentManagers));
    const ours = recordUpdate({
      before: live,
      after,
      manager: step.manager,
      now: new Date(),
      schema,
      subresource: step.subresource,
      reset: this.#reset(step),
    });
    return compareManagedFields(ours, body);
  }
}

/**
 * Kubernetes makes null of a map or list that loses its last part by an apply, and then refuses it because null is
 * neither. Ours leaves an empty one, so that an apply that only takes away works.
 */
function isEmptiedToNull(body: JsonMap): boolean {
  const message = ownString(body, "message") ?? "";
  return /is invalid: (\S+): Invalid value: "null": .*in body must be of type (?:object|array): "null"/.test(
    message,
  );
}

/** A manager took a required part away with it: merged by both, and refused by the kind's own checks afterwards. */
function isMissingPart(body: JsonMap): boolean {
  return /^Widget\S* "[\w-]+" is invalid: \S+: Required value$/.test(
    ownString(body, "message") ?? "",
  );
}

function sentObject(step: OracleStep, live: JsonMap | undefined): PatchOutcome {
  const body = asMap(step.body) ?? {};
  if (step.way === "merge") return mergePatch(live ?? {}, step.body);
  if (step.way === "json") return jsonPatch(live ?? {}, step.body);
  return { kind: "patched", object: body };
}

/** Each entry that only one of them has. */
function compareManagedFields(ours: JsonMap, theirs: JsonMap): string[] {
  const [own, real] = [ours, theirs].map((object) => new Set(managedFields(object).map(canonical)));
  return [
    ...[...(own ?? [])].filter((entry) => !real?.has(entry)).map((entry) => `only ours: ${entry}`),
    ...[...(real ?? [])]
      .filter((entry) => !own?.has(entry))
      .map((entry) => `only theirs: ${entry}`),
  ];
}

function managedFields(object: JsonMap): JsonValue[] {
  const list = ownValue(ownMap(object, "metadata"), "managedFields") ?? [];
  if (!isJsonList(list)) return [list];
  return list.map((entry) => (isJsonMap(entry) ? withKey(entry, "time", undefined) : entry));
}

/** What the server fills in by defaults is not merging's concern: nulls and the defaulted fields are left out. */
function compareSpecs(ours: JsonMap, theirs: JsonMap, step: OracleStep): string[] {
  const parts = step.subresource === "status" ? ["status"] : ["spec", "data"];
  return parts.flatMap((part) => [
    ...differ(part, withoutDefaults(ownValue(ours, part)), withoutDefaults(ownValue(theirs, part))),
  ]);
}

function withoutDefaults(value: JsonValue | undefined): JsonValue {
  if (isJsonList(value)) return value.map(withoutDefaults);
  if (!isJsonMap(value)) return value ?? null;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const isDefault =
        (key === "protocol" && item === "TCP") || (key === "replicas" && item === 1);
      return isDefault ? [] : [[key, isEmptied(item) ? null : withoutDefaults(item)]];
    }),
  );
}

/** Where the schema allows null, Kubernetes keeps that for a container that lost its last part. */
function isEmptied(value: JsonValue): boolean {
  return (isJsonMap(value) || isJsonList(value)) && Object.keys(value).length === 0;
}

function differ(what: string, ours: JsonValue, theirs: JsonValue): string[] {
  if (equalJson(ours, theirs)) return [];
  return [`${what}: ours ${JSON.stringify(ours)} theirs ${JSON.stringify(theirs)}`];
}

function sortLines(text: string | undefined): string {
  return (text ?? "").split("\n").sort().join("\n");
}

function sortList(value: JsonValue): JsonValue {
  if (!isJsonList(value)) return value;
  return [...value].sort((one, other) => (canonical(one) < canonical(other) ? -1 : 1));
}

function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_key, item) => {
    return isJsonMap(item) ? Object.fromEntries(Object.entries(item).sort()) : item;
  });
}

function asMap(value: unknown): JsonMap | undefined {
  const json: JsonValue = JSON.parse(JSON.stringify(value ?? null));
  return isJsonMap(json) ? json : undefined;
}
