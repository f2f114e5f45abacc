/**
 * Label selectors as query parameters have them (`a=b,c!=d,e in (f,g),!h`) and what they match.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
 */
import { badRequest } from "./status-error.ts";

/** Decides by the labels of an object. */
export type LabelMatcher = (labels: Readonly<Record<string, string>> | undefined) => boolean;

/** Most requirements of one selector: a request line is bounded anyway, this keeps lists cheap. */
const maxRequirements = 100;

const keyPattern =
  /^(?:[a-z\d](?:[-a-z\d.]{0,251}[a-z\d])?\/)?[A-Za-z\d](?:[-\w.]{0,61}[A-Za-z\d])?$/;
const valuePattern = /^(?:[A-Za-z\d](?:[-\w.]{0,61}[A-Za-z\d])?)?$/;

/** Parses a selector; empty text matches everything. Throws a 400 for what is none. */
export function parseLabelQuery(text: string): LabelMatcher {
  if (text.trim() === "") return () => true;
  const requirements = splitRequirements(text);
  if (requirements.length > maxRequirements) {
    throw cannotParse(`${requirements.length} requirements, at most ${maxRequirements} are served`);
  }
  const matchers = requirements.map((requirement) => parseRequirement(requirement.trim()));
  return (labels) => matchers.every((matches) => matches(labels));
}

/** Commas inside parentheses separate values, the others requirements. */
function splitRequirements(text: string): string[] {
  return text.split(/,(?![^(]*\))/);
}

function parseRequirement(text: string): LabelMatcher {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => checkValue(value.trim())));
    const name = checkKey(key);
    return operator === "in"
      ? (labels) => hasLabel(labels, name) && values.has(labels?.[name] ?? "")
      : (labels) => !hasLabel(labels, name) || !values.has(labels?.[name] ?? "");
  }
  const absent = /^!\s*(\S+)$/.exec(text);
  if (absent !== null) {
    const name = checkKey(absent[1] ?? "");
    return (labels) => !hasLabel(labels, name);
  }
  return parseComparison(text);
}

function parseComparison(text: string): LabelMatcher {
  const parts = /^([^\s=!<>]+)\s*(==|=|!=|>|<)\s*([^\s=!<>]*)$/.exec(text);
  if (parts === null) {
    const name = checkKey(text);
    return (labels) => hasLabel(labels, name);
  }
  const [, key = "", operator = "", written = ""] = parts;
  const name = checkKey(key);
  const value = checkValue(written);
  if (operator === ">" || operator === "<") return compareNumbers(name, operator, value);
  return operator === "!="
    ? (labels) => !hasLabel(labels, name) || labels?.[name] !== value
    : (labels) => hasLabel(labels, name) && labels?.[name] === value;
}

function compareNumbers(name: string, operator: "<" | ">", value: string): LabelMatcher {
  if (!/^-?\d{1,15}$/.test(value)) {
    throw cannotParse(`for 'Gt', 'Lt' operators, the value must be an integer: "${value}"`);
  }
  const bound = Number(value);
  return (labels) => {
    const text = hasLabel(labels, name) ? (labels?.[name] ?? "") : "";
    if (!/^-?\d{1,15}$/.test(text)) return false;
    return operator === ">" ? Number(text) > bound : Number(text) < bound;
  };
}

function hasLabel(labels: Readonly<Record<string, string>> | undefined, name: string): boolean {
  return labels !== undefined && Object.hasOwn(labels, name);
}

function checkKey(key: string): string {
  if (keyPattern.test(key)) return key;
  throw cannotParse(`"${key}" is no label key, wanted one such as "example.com/name"`);
}

function checkValue(value: string): string {
  if (valuePattern.test(value)) return value;
  throw cannotParse(
    `"${value}" is no label value, wanted at most 63 of letters, digits, "-", "_" and "."`,
  );
}

function cannotParse(detail: string) {
  return badRequest(`unable to parse requirement: ${detail}`);
}
