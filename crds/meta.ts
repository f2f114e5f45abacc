/** What every object has in common: API group and version, metadata, and how an object is named in a sentence. */
import {
  dnsLabelFormat,
  dnsSubdomainFormat,
  labelKeyFormat,
  labelValueFormat,
} from "./name-formats.ts";
import { keysFit } from "./open-api-constraint.ts";
import { valid } from "./reading.ts";
import {
  defaulted,
  emptyIfAbsent,
  ignored,
  integer,
  map,
  object,
  optional,
  string,
} from "./schema.ts";
import type { Infer, StringFormat } from "./schema.ts";

/** API group of our own kinds. */
export const GROUP = "clrk.apoxy.dev";

/** The one version that is served and stored. */
export const VERSION = "v1alpha1";

/** `apiVersion` of our own kinds. */
export const API_VERSION = `${GROUP}/${VERSION}` as const;

/** The namespace of objects that name none. */
export const DEFAULT_NAMESPACE = "default";

/** An object's metadata as we read it; what only an API server writes is dropped, except for its identity. */
export type ObjectMeta = Infer<ReturnType<typeof objectMeta>>;

/** What identifies an object among all others. */
export interface ObjectReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The reference that names a parsed object. */
export function referenceOf(parsed: {
  readonly kind: string;
  readonly metadata: ObjectMeta;
}): ObjectReference {
  return { kind: parsed.kind, namespace: parsed.metadata.namespace, name: parsed.metadata.name };
}

/** `AIProviderRoute default/openai`: an object in a message, and a key that is unique among all objects. */
export function formatReference(reference: ObjectReference): string {
  return `${reference.kind} ${reference.namespace}/${reference.name}`;
}

/** The schema of `metadata`, with a stricter form of names where a kind needs one. */
export function objectMeta(nameFormat: StringFormat = dnsSubdomainFormat) {
  return object({
    description: "Names the object",
    fields: {
      name: string({
        description: "Unique among its kind in the namespace",
        maxLength: 253,
        format: nameFormat,
      }),
      namespace: defaulted(
        string({ description: "Namespace of the object", maxLength: 63, format: dnsLabelFormat }),
        DEFAULT_NAMESPACE,
      ),
      labels: emptyIfAbsent(labelMap("Labels, for selectors")),
      annotations: emptyIfAbsent(annotationMap("Annotations, for tools and people")),
      uid: optional(
        string({ description: "Identity over all time, set by the API server", maxLength: 64 }),
      ),
      resourceVersion: optional(
        string({ description: "Opaque version, set by the API server", maxLength: 64 }),
      ),
      generation: optional(
        integer({
          description: "Counts changes of spec, set by the API server",
          min: 0,
          max: Number.MAX_SAFE_INTEGER,
        }),
      ),
      generateName: ignored("Names are given, never generated"),
      creationTimestamp: ignored("Set by the API server"),
      deletionTimestamp: ignored("Set by the API server"),
      deletionGracePeriodSeconds: ignored("Set by the API server"),
      finalizers: ignored("Matter to the API server only"),
      ownerReferences: ignored("Matter to the API server only"),
      managedFields: ignored("Matter to the API server only"),
      selfLink: ignored("No longer used by Kubernetes"),
    },
  });
}

/** `metadata` of a template: what is put on the objects that are made from it, `what` of them. */
export function templateMetadata(what: string) {
  return object({
    description: `Put on the ${what}`,
    fields: {
      labels: emptyIfAbsent(labelMap("Labels")),
      annotations: emptyIfAbsent(annotationMap("Annotations")),
    },
  });
}

/** A map of labels: as many as `maxProperties`, 64 when it is absent. */
export function labelMap(description: string, maxProperties = 64) {
  return map({
    description,
    keys: labelKeyFormat,
    values: string({
      description: "Label value",
      minLength: 0,
      maxLength: 63,
      format: labelValueFormat,
    }),
    maxProperties,
  });
}

function annotationMap(description: string) {
  return map({
    description,
    keys: annotationKeyFormat,
    // kubectl keeps a copy of the applied object here, and that object may be a Secret.
    values: string({ description: "Free text", minLength: 0, maxLength: 262_144 }),
    maxProperties: 64,
    sensitive: true,
  });
}

const annotationKeyPattern = `(?i:${labelKeyFormat.pattern ?? ""})`;

/** Annotation keys follow the rules of label keys, in any case of their prefix. */
const annotationKeyFormat: StringFormat = {
  ...labelKeyFormat,
  name: "annotation-key",
  wanted: 'an annotation key such as "example.com/note"',
  pattern: annotationKeyPattern,
  mapCel: [keysFit(annotationKeyPattern, 'keys are annotation keys such as "example.com/note"')],
  read(text) {
    const reading = labelKeyFormat.read(text.toLowerCase());
    return reading.kind === "valid" ? valid(text) : reading;
  },
};
