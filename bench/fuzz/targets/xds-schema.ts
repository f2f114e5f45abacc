/** Whether an xDS message is wholly in our schema of Envoy's: every field is known, and so is whatever an Any holds. */

import type protobuf from "protobufjs/minimal.js";
import * as everything from "../../../gateway/proto/gen/xds.js";

interface MessageType {
  decode(bytes: Uint8Array): object;
  encode(message: object, writer?: protobuf.Writer): protobuf.Writer;
}

/** A clause about what is unknown or malformed in a message of this type, nested ones included. */
export function messageProblem(typeUrl: string, bytes: Uint8Array): string | undefined {
  const name = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  const type = findType(name);
  if (type === undefined) return `type ${name} is unknown`;
  const message = type.decode(bytes);
  const again = type.encode(message).finish();
  if (!Buffer.from(again).equals(bytes)) return `${name} has fields that are not in the schema`;
  return nestedProblem(message);
}

function nestedProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return undefined;
  if ("typeUrl" in value && "value" in value && value.value instanceof Uint8Array) {
    const typeUrl = String(value.typeUrl);
    return messageProblem(typeUrl, value.value);
  }
  for (const inner of Object.values(value)) {
    const problem = nestedProblem(inner);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findType(name: string): MessageType | undefined {
  let found: unknown = everything;
  for (const part of name.split(".")) {
    const isHolder = typeof found === "object" || typeof found === "function";
    if (!isHolder || found === null || found === undefined) return undefined;
    found = Reflect.get(found, part);
  }
  return isMessageType(found) ? found : undefined;
}

function isMessageType(value: unknown): value is MessageType {
  return typeof value === "function" && "decode" in value && "encode" in value;
}
