/** Amounts as Kubernetes writes them (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity). */
import { invalid, valid } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

const suffix = "(?:m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][-+]?[0-9]{1,2})?";
const form = new RegExp(`^[0-9]+(?:\\.[0-9]+)?${suffix}$`);
const aboveZero = `^(?:[0-9]*[1-9][0-9]*(?:\\.[0-9]+)?|[0-9]+\\.[0-9]*[1-9][0-9]*)${suffix}$`;
const positive = new RegExp(aboveZero);

/** Longest text of an amount. */
export const maxQuantityLength = 32;

/** An amount above 0, kept as it is written. */
export const quantityFormat: StringFormat = {
  name: "quantity",
  wanted: 'an amount such as "500m" or "2Gi"',
  pattern: aboveZero,
  read(text) {
    if (text.length > maxQuantityLength || !form.test(text)) return invalid("");
    return positive.test(text) ? valid(text) : invalid("it must be more than 0");
  },
};
