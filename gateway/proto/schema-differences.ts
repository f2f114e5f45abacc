/**
 * Compares our .proto files with the schema inside an Envoy binary. Ours may know less than Envoy, never other things:
 * that is what makes an upgrade which moves something fail loudly.
 */
import protobuf from "protobufjs";
import type { EmbeddedField, EmbeddedSchema } from "./embedded-schema.ts";

/**
 * One sentence for each message, field, enum or enum value of ours that Envoy does not have in exactly that form, and
 * for each field of ours that Envoy has deprecated. Empty when ours is a part of Envoy's.
 *
 * @param root our files, loaded with `keepCase` so that names are Envoy's
 */
export function schemaDifferences(root: protobuf.Root, envoy: EmbeddedSchema): string[] {
  root.resolveAll();
  return declarations(root).flatMap((object) =>
    object instanceof protobuf.Enum
      ? enumDifferences(object, envoy)
      : messageDifferences(object, envoy),
  );
}

function declarations(namespace: protobuf.NamespaceBase): Array<protobuf.Type | protobuf.Enum> {
  return namespace.nestedArray.flatMap((object) => [
    ...(object instanceof protobuf.Type || object instanceof protobuf.Enum ? [object] : []),
    ...(object instanceof protobuf.Namespace ? declarations(object) : []),
  ]);
}

function enumDifferences(ours: protobuf.Enum, envoy: EmbeddedSchema): string[] {
  const name = nameOf(ours);
  const theirs = envoy.enums.get(name);
  if (!theirs) return [`${name}: Envoy has no such enum`];
  return Object.entries(ours.values)
    .filter(([key, id]) => theirs.get(key) !== id)
    .map(([key, id]) => `${name}.${key}: ours is ${id}, Envoy's is ${theirs.get(key)}`);
}

function messageDifferences(ours: protobuf.Type, envoy: EmbeddedSchema): string[] {
  const name = nameOf(ours);
  const theirs = envoy.messages.get(name);
  if (!theirs) return [`${name}: Envoy has no such message`];
  return ours.fieldsArray.flatMap((field) => {
    const found = theirs.get(field.name);
    if (!found) return [`${name}.${field.name}: Envoy has no such field`];
    const ourForm = describe(fieldOf(field));
    const theirForm = describe(found);
    if (ourForm !== theirForm) {
      return [`${name}.${field.name}: ours is "${ourForm}", Envoy's is "${theirForm}"`];
    }
    return found.deprecated ? [`${name}.${field.name}: deprecated by Envoy`] : [];
  });
}

function fieldOf(field: protobuf.Field): Omit<EmbeddedField, "deprecated"> {
  const type = field.resolvedType ? nameOf(field.resolvedType) : field.type;
  const isOptional = field.partOf?.isProto3Optional === true;
  return {
    number: field.id,
    type: field instanceof protobuf.MapField ? `map<${field.keyType}, ${type}>` : type,
    label: field.repeated ? "repeated" : isOptional ? "optional" : "singular",
    oneof: isOptional ? undefined : field.partOf?.name,
  };
}

function describe({ label, type, number, oneof }: Omit<EmbeddedField, "deprecated">): string {
  const where = oneof === undefined ? "" : ` in oneof ${oneof}`;
  return `${label} ${type} = ${number}${where}`;
}

function nameOf(object: protobuf.ReflectionObject): string {
  return object.fullName.slice(1);
}
