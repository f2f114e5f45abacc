/** Forms of names: of objects, labels, keys of Secrets and providers. Kubernetes' rules where it has one. */
import { keysFit } from "./open-api-constraint.ts";
import { invalid, valid } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

const labelText = "[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";

const subdomain = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*";

const labelName = new RegExp(`^${labelText}$`);

/** A DNS label (RFC 1123): listener and EgressGateway names, namespaces. 1 to 63 characters. */
export const dnsLabelFormat: StringFormat = patternFormat({
  name: "dns-label",
  wanted: 'a DNS label: "a" to "z", digits and "-" inside, at most 63 characters',
  pattern: "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
});

/** A DNS subdomain (RFC 1123): names of all other objects. At most 253 characters. */
export const dnsSubdomainFormat: StringFormat = patternFormat({
  name: "dns-subdomain",
  wanted: 'a lower-case name: "a" to "z", digits, "-" and "." inside, at most 253 characters',
  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
  maxLength: 253,
});

/** A label or annotation key: a name of at most 63 characters, perhaps after a DNS subdomain and `/`. */
export const labelKeyFormat: StringFormat = {
  name: "label-key",
  wanted: 'a label key such as "app" or "example.com/app"',
  pattern: `^(?:${subdomain}/)?${labelText}$`,
  mapCel: [
    keysFit(
      `^(?:${subdomain}/)?${labelText}$`,
      'keys are label keys such as "app" or "example.com/app"',
    ),
  ],
  read(text) {
    const slash = text.indexOf("/");
    if (slash !== -1 && dnsSubdomainFormat.read(text.slice(0, slash)).kind === "invalid") {
      return invalid('what precedes "/" is no DNS name');
    }
    const name = text.slice(slash + 1);
    return labelName.test(name)
      ? valid(text)
      : invalid('not 1 to 63 letters, digits and inner "-", "_", "."');
  },
};

/** A label value: empty, or at most 63 characters. */
export const labelValueFormat: StringFormat = {
  name: "label-value",
  wanted: "a label value",
  pattern: `^(?:${labelText})?$`,
  read(text) {
    if (text === "" || labelName.test(text)) return valid(text);
    return invalid('not at most 63 letters, digits and inner "-", "_", "."');
  },
};

/** A key in a Secret's data. At most 253 characters. */
export const secretKeyFormat: StringFormat = patternFormat({
  name: "secret-key",
  wanted: 'a Secret key: letters, digits, "-", "_" and "."',
  pattern: "^[-._a-zA-Z0-9]+$",
  maxLength: 253,
});

/** A kind name, such as `RateLimitPolicy`. */
export const kindFormat: StringFormat = patternFormat({
  name: "kind",
  wanted: 'a kind such as "RateLimitPolicy"',
  pattern: "^[A-Z][A-Za-z0-9]*$",
});

/** An open name of a sink or budget; what it refers to is found out later. */
export const openNameFormat: StringFormat = patternFormat({
  name: "open-name",
  wanted: 'a name without spaces, such as "team-budget"',
  pattern: "^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$",
});

/** A region or service of a cloud, such as `eu-central-1`. */
export const cloudNameFormat: StringFormat = patternFormat({
  name: "cloud-name",
  wanted: 'a name such as "eu-central-1"',
  pattern: "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
});

/** A format that one expression describes: `wanted` says all that there is to say about a mismatch. */
export function patternFormat(options: {
  name: string;
  wanted: string;
  pattern: string;
  maxLength?: number;
}): StringFormat {
  const { name, wanted, pattern, maxLength } = options;
  const expression = new RegExp(pattern);
  return {
    name,
    wanted,
    pattern,
    read(text) {
      if (maxLength !== undefined && text.length > maxLength)
        return invalid(`${text.length} characters`);
      return expression.test(text) ? valid(text) : invalid("");
    },
  };
}
