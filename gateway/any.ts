/**
 * Messages inside `google.protobuf.Any`: how typed configuration travels in xDS. The type URL always comes from the
 * message class itself, so that name and bytes cannot disagree.
 */
import protobuf from "protobufjs/minimal.js";

/** What every class in `proto/gen/` offers; `Input` is its interface `IName`, `Output` the class. */
export interface MessageClass<Input, Output = unknown> {
  /** Appends the encoded message to a writer, by default a new one. */
  encode(message: Input, writer?: protobuf.Writer): protobuf.Writer;
  /** Reads a message; throws on truncated or malformed bytes. */
  decode(reader: protobuf.Reader | Uint8Array, length?: number): Output;
  /** `prefix/full.message.Name`, prefix `type.googleapis.com` by default. */
  getTypeUrl(prefix?: string): string;
}

/** A `google.protobuf.Any` with both fields present; fits `IAny` of every generated module. */
export interface PackedAny {
  /** `type.googleapis.com/` and the full message name */
  typeUrl: string;
  /** The encoded message */
  value: Uint8Array;
}

/** The message encoded, in a buffer of its own. */
export function encodeMessage<Input>(
  type: MessageClass<Input>,
  message: NoInfer<Input>,
): Uint8Array {
  return type.encode(message).finish();
}

/**
 * The message as an Any: `packAny(envoy.extensions.filters.http.router.v3.Router, {})`.
 *
 * @see https://protobuf.dev/programming-guides/proto3/#any
 */
export function packAny<Input>(type: MessageClass<Input>, message: NoInfer<Input>): PackedAny {
  return { typeUrl: type.getTypeUrl(), value: encodeMessage(type, message) };
}

/**
 * A `TypedExtensionConfig`, `Filter`, `HttpFilter` or `TransportSocket`: they all are a name and an Any. Envoy finds
 * the extension by the type URL; the name only appears in statistics, errors and per-route configuration keys.
 */
export function typedExtension<Input>(
  name: string,
  type: MessageClass<Input>,
  message: NoInfer<Input>,
): { name: string; typedConfig: PackedAny } {
  return { name, typedConfig: packAny(type, message) };
}

/**
 * The message inside an Any, or undefined when the Any holds another type. Only the part of the type URL after the
 * last slash counts. Unknown fields are dropped.
 *
 * @throws {RangeError | Error} when the type fits and the bytes are malformed
 */
export function tryUnpackAny<Input, Output>(
  any: {
    readonly typeUrl?: string | null | undefined;
    readonly value?: Uint8Array | null | undefined;
  },
  type: MessageClass<Input, Output>,
): Output | undefined {
  const wanted = type.getTypeUrl("");
  const typeUrl = any.typeUrl ?? "";
  if (typeUrl.slice(typeUrl.lastIndexOf("/")) !== wanted) {
    return undefined;
  }
  return type.decode(any.value ?? new Uint8Array());
}

/**
 * Decodes a message so that encoding it again keeps the fields our schema does not know, in nested messages too (they
 * follow the known ones). For whoever rewrites what others wrote; a plain `decode` drops them.
 *
 * @throws {RangeError | Error} on malformed bytes
 */
export function decodeKeepingUnknown<Input, Output>(
  type: MessageClass<Input, Output>,
  bytes: Uint8Array,
): Output {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = false;
  return type.decode(reader);
}
