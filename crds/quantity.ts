/** Amounts as Kubernetes writes them (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity). */
import { invalid, valid } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

const form = "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][-+]?[0-9]{1,2})?$";
const zero = "^[0.]+([^0-9.].*)?$";
const expression = new RegExp(form);
const nothing = new RegExp(zero);

/** Longest text of an amount. */
export const maxQuantityLength = 32;

/** An amount above 0, kept as it is written. */
export const quantityFormat: StringFormat = {
  name: "quantity",
  wanted: 'an amount such as "500m" or "2Gi"',
  pattern: form,
  constraint: { not: { pattern: zero } },
  read(text) {
    if (text.length > maxQuantityLength || !expression.test(text)) return invalid("");
    return nothing.test(text) ? invalid("it must be more than 0") : valid(text);
  },
};
