/**
 * Typings of a generated module. Ours rather than those of pbts, which take 9 s and 2.7 MB for these messages,
 * call every message field present and import the package `long`.
 */
import protobuf from "protobufjs";
import { isExact } from "./code.mjs";

const scalars = new Map([
  ["double", "number"],
  ["float", "number"],
  ["int32", "number"],
  ["uint32", "number"],
  ["sint32", "number"],
  ["fixed32", "number"],
  ["sfixed32", "number"],
  ["int64", "number"],
  ["uint64", "number"],
  ["fixed64", "bigint"],
  ["bool", "boolean"],
  ["string", "string"],
  ["bytes", "Uint8Array"],
]);

/**
 * The text of the `.d.ts` file: per message `IName` (what may be encoded: everything optional) and the class `Name`
 * (what decoding yields: scalars have their default, messages and members of a oneof may be null).
 *
 * @param {import("protobufjs").Root} root resolved messages
 * @returns {string} declarations, one namespace per package
 * @throws {Error} when a field has a type without a mapping
 */
export function typings(root) {
  const lines = ['import type { Reader, Writer } from "protobufjs/minimal.js";'];
  for (const namespace of packagesOf(root)) {
    lines.push("", `export namespace ${namespace.fullName.slice(1)} {`);
    for (const object of namespace.nestedArray) {
      lines.push(...declaration(object).map((line) => `  ${line}`));
    }
    lines.push("}");
  }
  return `${lines.join("\n")}\n`;
}

/** Namespaces that hold messages or enums directly, messages themselves excepted. */
function packagesOf(namespace) {
  const inner = namespace.nestedArray.filter(isPlainNamespace).flatMap(packagesOf);
  return namespace.nestedArray.some((object) => !isPlainNamespace(object))
    ? [namespace, ...inner]
    : inner;
}

function isPlainNamespace(object) {
  return object instanceof protobuf.Namespace && !(object instanceof protobuf.Type);
}

function declaration(object) {
  if (object instanceof protobuf.Enum) {
    const values = Object.entries(object.values).map(([name, id]) => `  ${name} = ${id},`);
    return [`enum ${object.name} {`, ...values, "}"];
  }
  if (object instanceof protobuf.Type) {
    return messageDeclaration(object);
  }
  return [];
}

function messageDeclaration(type) {
  const name = type.name;
  const lines = [`interface I${name} {`];
  for (const field of type.fieldsArray) {
    lines.push(`  ${field.name}?: ${wrap(field, typeName(field, "I"))} | null | undefined;`);
  }
  lines.push("  $unknowns?: Uint8Array[];", "}", `class ${name} implements I${name} {`);
  lines.push(`  constructor(properties?: I${name});`);
  for (const field of type.fieldsArray) {
    lines.push(
      `  ${field.name}: ${wrap(field, typeName(field, ""))}${isNullable(field) ? " | null" : ""};`,
    );
  }
  for (const oneof of type.oneofsArray.filter((candidate) => !candidate.isProto3Optional)) {
    const members = oneof.oneof.map((member) => JSON.stringify(member)).join(" | ");
    lines.push(`  readonly ${oneof.name}: ${members} | undefined;`);
  }
  lines.push(
    "  $unknowns?: Uint8Array[];",
    `  static create(properties?: I${name}): ${name};`,
    `  static encode(message: I${name}, writer?: Writer): Writer;`,
    `  static decode(reader: Reader | Uint8Array, length?: number): ${name};`,
    "  static getTypeUrl(prefix?: string): string;",
    "}",
  );
  const nested = type.nestedArray.flatMap(declaration);
  if (nested.length > 0) {
    lines.push(`namespace ${name} {`, ...nested.map((line) => `  ${line}`), "}");
  }
  return lines;
}

function isNullable(field) {
  return (
    !field.repeated && !field.map && (field.partOf || field.resolvedType instanceof protobuf.Type)
  );
}

function wrap(field, type) {
  if (field.map) {
    return `Record<string, ${type}>`;
  }
  return field.repeated ? `${type}[]` : type;
}

function typeName(field, prefix) {
  const resolved = field.resolvedType;
  if (resolved instanceof protobuf.Enum) {
    return resolved.fullName.slice(1);
  }
  if (resolved) {
    return `${resolved.parent.fullName.slice(1)}.${prefix}${resolved.name}`;
  }
  const scalar = scalars.get(field.type);
  if (!scalar) {
    throw new Error(`Cannot type "${field.fullName}": no mapping for "${field.type}"`);
  }
  return isExact(field) ? `${scalar} | bigint` : scalar;
}
