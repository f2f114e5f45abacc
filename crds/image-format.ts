/** References to container images, as far as every registry and runtime agrees on their form. */
import { invalid, valid } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

const characters = /^[A-Za-z0-9][A-Za-z0-9._:@/+-]*$/;

/** An image such as `registry.example.com/team/agent:1.2` or one with a digest; kept as it is written. */
export const imageFormat: StringFormat = {
  name: "image",
  wanted: 'an image such as "registry.example.com/agent:1.2"',
  pattern: "^[A-Za-z0-9](?:[A-Za-z0-9._:@/+-]*[A-Za-z0-9._:@+-])?$",
  constraint: { not: { pattern: "//" } },
  read(text) {
    if (text.includes("://")) return invalid("a scheme is not part of an image");
    if (text.startsWith("/") || text.endsWith("/")) return invalid('"/" at an end');
    if (text.includes("//")) return invalid("empty path segment");
    return characters.test(text) ? valid(text) : invalid("");
  },
};
