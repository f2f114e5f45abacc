/** Files that are made from the kinds and kept beside the code: CRDs for Kubernetes and pages for people. */
import { customResourceDefinition } from "./custom-resource-definition.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { kinds } from "./kinds.ts";
import { GROUP } from "./meta.ts";
import { referencePage } from "./reference-page.ts";
import { formatYaml } from "./yaml-text.ts";

const crdMark =
  "# Made by npm run generate from crds/; do not edit. Apply all: kubectl apply -f crds/\n";

/** Where the pages are, from the root of the repository. */
export const referenceFolder = "docs/reference";

/** Every generated file by its path from the root of the repository; the same kinds give the same text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const own = kinds.filter(({ group }) => group === GROUP);
  const crds = own
    .filter(({ stored }) => stored)
    .map((definition): [string, string] => [
      `crds/${definition.plural}.yaml`,
      crdMark + formatYaml(customResourceDefinition(definition)),
    ]);
  const pages = own.map((definition): [string, string] => [
    `${referenceFolder}/${pageName(definition.kind)}`,
    referencePage(definition),
  ]);
  return new Map([...crds, ...pages, [`${referenceFolder}/README.md`, contents(own)]]);
}

function contents(own: readonly KindDefinition<unknown>[]): string {
  const rows = own.map(({ kind, shortNames, schema }) => {
    const names = shortNames.map((name) => `\`${name}\``).join(", ");
    return `| [${kind}](${pageName(kind)}) | ${names} | ${schema.description} |`;
  });
  return [
    "<!-- Made by npm run generate from crds/; do not edit. -->",
    "",
    "# Kinds",
    "",
    `What may be asked for in \`${GROUP}\`: every field, its form, its default, and the rules over several fields. What`,
    "is not listed is refused. [crds](../../crds/README.md) says how kinds are written, and `kubectl apply -f crds/` makes",
    "a Kubernetes cluster know them.",
    "",
    "| kind | short | what it is |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** `EgressHTTPRoute` is described in `egress-http-route.md`. */
function pageName(kind: string): string {
  const words = kind
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1-$2");
  return `${words.toLowerCase()}.md`;
}
