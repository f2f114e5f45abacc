/** A kind as a page of documentation: every field with its form, default and meaning, the rules, and an example. */
import { statusSchemaOf } from "./kind-definition.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { kindExample } from "./kind-examples.ts";
import { quantityFormat } from "./quantity.ts";
import { schemaOfField } from "./schema.ts";
import type { Field, Fields, ObjectSchema, Schema } from "./schema.ts";
import { formatYaml } from "./yaml-text.ts";

/** One row of a table of fields. */
interface Row {
  readonly place: string;
  readonly form: string;
  readonly absent: string;
  readonly meaning: string;
}

/** A rule, where it holds, and whether a plain Kubernetes API server keeps it too. */
interface PlacedRule {
  readonly place: string;
  readonly description: string;
  readonly isSaid: boolean;
}

/** The page as Markdown, with a line end. */
export function referencePage(definition: KindDefinition<unknown>): string {
  const { schema } = definition;
  const { metadata, status: _, apiVersion: __, kind: ___, ...own } = schema.fields;
  const body = { ...schema, fields: own };
  const rows = rowsOf(body, "");
  const rules = [...nameRule(metadata), ...rulesOf(body, "")];
  const status = statusSchemaOf(schema);
  const parts = [
    `# ${definition.kind}\n\n${schema.description}.\n\n${namesOf(definition)}`,
    `## Example\n\n\`\`\`yaml\n${formatYaml(kindExample(definition.kind))}\`\`\``,
    rows.length > 0 ? `## Fields\n\n${table(rows)}` : "## Fields\n\nIt has none.",
    ...(rules.length > 0 ? [`## Rules\n\n${rules.map(formatRule).join("\n")}`] : []),
    ...(status === undefined ? [] : [`## Status\n\n${table(rowsOf(status, "status"))}`]),
  ];
  return `${generatedMark}\n\n${parts.join("\n\n")}\n`;
}

const generatedMark = "<!-- Made by npm run generate from crds/; do not edit. -->";

function namesOf(definition: KindDefinition<unknown>): string {
  const { apiVersion, plural, shortNames, categories, printerColumns, stored } = definition;
  const names = [plural, ...shortNames].map((name) => `\`${name}\``).join(", ");
  const groups = categories.map((name) => `\`${name}\``).join(", ");
  const columns = printerColumns.map(({ name, priority = 0 }) =>
    priority > 0 ? `${name} (wide)` : name,
  );
  const lines = [
    `- \`apiVersion: ${apiVersion}\`, named ${names}${groups === "" ? "" : `, in ${groups}`}`,
    `- columns: Name, ${columns.join(", ")}`,
    ...(stored ? [] : ["- a record, which nobody writes: it has no CRD"]),
  ];
  return lines.join("\n");
}

function rowsOf(schema: ObjectSchema<Fields>, prefix: string): Row[] {
  return Object.entries(schema.fields).flatMap(([name, field]) => {
    const place = prefix === "" ? name : `${prefix}.${name}`;
    const inner = schemaOfField(field);
    if (inner === undefined) return [];
    const row = { place, form: formOf(inner), absent: absentOf(field), meaning: inner.description };
    return [row, ...partsOf(inner, place)];
  });
}

function partsOf(schema: Schema, place: string): Row[] {
  if (schema.kind === "object") return rowsOf(schema, place);
  if (schema.kind === "array") return partsOf(schema.items, `${place}[]`);
  return schema.kind === "map" ? partsOf(schema.values, `${place}.*`) : [];
}

function rulesOf(schema: Schema, place: string): PlacedRule[] {
  switch (schema.kind) {
    case "array":
      return rulesOf(schema.items, `${place}[]`);
    case "map":
      return rulesOf(schema.values, `${place}.*`);
    case "object": {
      const own = schema.rules.map(({ description, cel, constraint }) => ({
        place,
        description,
        isSaid: cel !== undefined || constraint !== undefined,
      }));
      const inner = Object.entries(schema.fields).flatMap(([name, field]) => {
        const below = schemaOfField(field);
        const at = place === "" ? name : `${place}.${name}`;
        return below === undefined ? [] : rulesOf(below, at);
      });
      return [...own, ...inner];
    }
    default:
      return [];
  }
}

function nameRule(metadata: Field | undefined): PlacedRule[] {
  const name = metadata?.kind === "object" ? metadata.fields["name"] : undefined;
  if (name?.kind !== "string" || name.format === undefined) return [];
  return [{ place: "metadata.name", description: `Is ${name.format.wanted}`, isSaid: true }];
}

function formatRule({ place, description, isSaid }: PlacedRule): string {
  const where = place === "" ? "" : `\`${place}\`: `;
  const note = isSaid ? "" : " (kept by the gateway; a plain Kubernetes API server cannot)";
  return `- ${where}${escapeCell(description)}${note}`;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ place, form, absent, meaning }) =>
      `| \`${place}\` | ${escapeCell(form)} | ${absent} | ${escapeCell(meaning)} |`,
  );
  return ["| field | form | when absent | meaning |", "|---|---|---|---|", ...lines].join("\n");
}

function formOf(schema: Schema): string {
  switch (schema.kind) {
    case "string":
      return schema.format === undefined
        ? `text of ${schema.minLength} to ${schema.maxLength} characters`
        : `${schema.format.wanted}${lengthOf(schema)}`;
    case "integer":
      return `${schema.min} to ${schema.max}`;
    case "boolean":
      return "true or false";
    case "enumeration":
      return schema.values.map((value) => `\`${value === "" ? '""' : value}\``).join(", ");
    case "quantity":
      return quantityFormat.wanted;
    case "json":
      return `${schema.shape === "object" ? "object" : "any JSON"} of at most ${schema.maxBytes} bytes`;
    case "array":
      return `list of ${schema.minItems} to ${schema.maxItems}${itemForm(schema.items)}${uniqueness(schema)}`;
    case "map":
      return `at most ${schema.maxProperties} entries, by ${schema.keys.wanted}${itemForm(schema.values)}`;
    case "object":
      return "object";
  }
}

/** Some forms say their length by themselves. */
function lengthOf({ format, maxLength }: Extract<Schema, { kind: "string" }>): string {
  return format?.wanted.includes("at most") ? "" : `; at most ${maxLength} characters`;
}

function itemForm(items: Schema): string {
  return items.kind === "object" ? "" : `, each ${formOf(items)}`;
}

function uniqueness({ unique }: Extract<Schema, { kind: "array" }>): string {
  if (unique === undefined) return "";
  return unique === "value" ? ", all different" : `, each with another ${unique.field}`;
}

function absentOf(field: Field): string {
  switch (field.kind) {
    case "optional":
    case "ignored":
      return "";
    case "defaulted":
      return `\`${JSON.stringify(field.default)}\``;
    case "empty-if-absent":
      return field.schema.kind === "array" ? "`[]`" : "`{}`";
    default:
      return "refused";
  }
}

function escapeCell(text: string): string {
  return text.replace(/[|*<>]/g, (special) => `\\${special}`);
}
