/** Moments in status (RFC 3339), as Kubernetes writes them. */
import { invalid, valid } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[-+]\d\d:\d\d)$/;

/** A moment with its offset from UTC; kept as it is written. */
export const dateTimeFormat: StringFormat = {
  name: "date-time",
  wanted: 'a moment such as "2026-01-02T03:04:05Z"',
  read: (text) => (form.test(text) && !Number.isNaN(Date.parse(text)) ? valid(text) : invalid("")),
};
