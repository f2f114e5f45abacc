/** Objects that the kubectl script writes. */
import { kindExample } from "../../crds/kind-examples.ts";

/** An object as JSON text, which kubectl reads as YAML. */
export function manifest(...objects: unknown[]): string {
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}

/** A whole object of our group by the example of its kind, its spec or metadata changed. */
export function example(
  kind: string,
  name: string,
  changes: { readonly spec?: object; readonly metadata?: object; readonly status?: object } = {},
): Record<string, unknown> {
  const { spec, metadata, ...rest } = JSON.parse(JSON.stringify(kindExample(kind)));
  return {
    ...rest,
    metadata: { ...metadata, name, ...changes.metadata },
    spec: { ...spec, ...changes.spec },
    ...(changes.status !== undefined && { status: changes.status }),
  };
}

/** A small object of our group with the whole spec given. */
export function small(kind: string, name: string, spec: object, metadata: object = {}): object {
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind,
    metadata: { name, ...metadata },
    spec,
  };
}

/** A ConfigMap. */
export function configMap(name: string, data: object, metadata: object = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data };
}

/** A Secret with the given other fields. */
export function secret(name: string, fields: object, metadata: object = {}): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, ...metadata }, ...fields };
}
