/** Field selectors (`metadata.name=a,type!=Opaque`): equality over the few fields that a resource declares. */
import type { KubeObject } from "./kube-object.ts";
import { badRequest } from "./status-error.ts";

/** Reads the fields of an object that selectors may name. */
export type SelectableFields = Readonly<Record<string, (object: KubeObject) => string>>;

/** What a selector asks for. */
export interface FieldQuery {
  readonly matches: (object: KubeObject) => boolean;
  /** The one name that objects can have, where the selector says so: then only that is read */
  readonly name?: string;
  readonly namespace?: string;
}

/** Fields of every resource. */
export const metadataFields: SelectableFields = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace ?? "",
};

/** Most terms of one selector. */
const maxTerms = 32;

/** Parses a selector over those fields; empty text matches everything. Throws a 400 for other fields and other forms. */
export function parseFieldQuery(text: string, fields: SelectableFields): FieldQuery {
  if (text === "") return { matches: () => true };
  const terms = splitTerms(text).map((term) => parseTerm(term, fields));
  if (terms.length > maxTerms) {
    throw badRequest(
      `invalid field selector: ${terms.length} terms, at most ${maxTerms} are served`,
    );
  }
  const equal = (wanted: string) =>
    terms.find(({ field, isEqual }) => isEqual && field === wanted)?.value;
  const name = equal("metadata.name");
  const namespace = equal("metadata.namespace");
  return {
    matches: (object) =>
      terms.every(({ read, value, isEqual }) => (read(object) === value) === isEqual),
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
  };
}

/** A backslash takes the meaning from the comma, equals sign or backslash after it. */
function splitTerms(text: string): string[] {
  return text.match(/(?:\\.|[^,\\])+/g) ?? [];
}

function parseTerm(term: string, fields: SelectableFields) {
  const parts = /^((?:\\.|[^\\=!])+)(==|!=|=)((?:\\.|[^\\=])*)$/.exec(term);
  if (parts === null) {
    throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  }
  const [, field = "", operator, written = ""] = parts;
  const read = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (read === undefined) throw badRequest(`field label not supported: ${field}`);
  return { field, read, value: written.replace(/\\(.)/g, "$1"), isEqual: operator !== "!=" };
}
