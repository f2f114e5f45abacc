/** A secret in the forms in which it could stand in a text: as it is, percent-encoded, in hex, and in base64 at any offset. */

/** The texts to look for; a value of fewer than 12 bytes has no base64 form that only it has. */
export function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    // Without the ends, which depend on what stands beside the value.
    return shifted.slice(shift === 0 ? 0 : 4, -4);
  });
  const long = base64.filter((form) => form.length >= 8);
  return [value, encodeURIComponent(value), bytes.toString("hex"), ...long];
}
