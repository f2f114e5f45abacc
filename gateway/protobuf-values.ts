/**
 * Shorthands for protobuf's well-known types, as plain objects that fit the interfaces of every generated module.
 */

/**
 * `google.protobuf.Duration` from `ms`, rounded to nanoseconds; negative values allowed.
 *
 * @throws {RangeError} when `ms` is not finite
 */
export function duration(ms: number): { seconds: number; nanos: number } {
  if (!Number.isFinite(ms)) {
    throw new RangeError(`Cannot make a Duration: ms must be finite: received ${ms}`);
  }
  const seconds = Math.trunc(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1e6);
  // Rounding may reach a whole second, which nanos cannot express.
  const carry = Math.trunc(nanos / 1e9);
  return { seconds: seconds + carry, nanos: nanos - carry * 1e9 };
}

/** `ms` of a Duration or Timestamp as Envoy sends it, fractions kept; undefined when it is absent. */
export function toMilliseconds(
  value:
    | { readonly seconds?: number | null | undefined; readonly nanos?: number | null | undefined }
    | null
    | undefined,
): number | undefined {
  return value ? (value.seconds ?? 0) * 1000 + (value.nanos ?? 0) / 1e6 : undefined;
}

/** `google.protobuf.UInt32Value`, where absent differs from 0. */
export function uint32(value: number): { value: number } {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(
      `Cannot make a UInt32Value: value must be an integer from 0 to 4294967295: received ${value}`,
    );
  }
  return { value };
}

/** `google.protobuf.UInt64Value`, up to 2^53 - 1. */
export function uint64(value: number): { value: number } {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(
      `Cannot make a UInt64Value: value must be an integer from 0 to 2^53 - 1: received ${value}`,
    );
  }
  return { value };
}

/** `google.protobuf.BoolValue`, where absent differs from false. */
export function boolean(value: boolean): { value: boolean } {
  return { value };
}
