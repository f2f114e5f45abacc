/**
 * What the YAML parser complains about, in words of our own: for people who do not know a parser's terms. Nothing of
 * the text is repeated, because the text may be a Secret.
 */
import type { YAMLError } from "yaml";

/** The sentence for a line without a colon, the most common slip. */
const missingColon = 'a line that is neither a field nor a list item, wanted "field: value"';

const notClosed =
  'a list in "[ ]" or an object in "{ }" is not closed, or its lines are not indented';

const quotesNeeded = "wanted quotes around it";

const sentences: Readonly<Record<YAMLError["code"], string>> = {
  ALIAS_PROPS: 'an alias ("*") with an anchor or a tag, wanted the alias alone',
  BAD_ALIAS: 'an anchor ("&") or alias ("*") without a usable name, wanted quotes around text',
  BAD_COLLECTION_TYPE: 'a tag ("!") that does not fit the value, wanted the value alone',
  BAD_DIRECTIVE: 'a directive ("%") that is not known, wanted none',
  BAD_DQ_ESCAPE:
    'an unknown escape after "\\" in double quotes, wanted "\\\\" for a backslash, or single quotes',
  BAD_INDENT: "an indentation that fits no line above, wanted the column of the line's siblings",
  BAD_PROP_ORDER: 'an anchor ("&") or tag ("!") in the wrong place, wanted it before the value',
  BAD_SCALAR_START: `text that begins with a character that YAML keeps for itself, ${quotesNeeded}`,
  BLOCK_AS_IMPLICIT_KEY: `a second ":" or a list in the line of a field, ${quotesNeeded} if it is text`,
  BLOCK_IN_FLOW: 'indented fields or items inside "[ ]" or "{ }", wanted commas between them',
  DUPLICATE_KEY: "a field that is there twice, wanted each field once",
  IMPOSSIBLE: "not valid YAML",
  KEY_OVER_1024_CHARS: "a field name of more than 1,024 characters",
  MISSING_CHAR: "a character is missing before this place",
  MULTILINE_IMPLICIT_KEY: missingColon,
  MULTIPLE_ANCHORS: 'two anchors ("&") on one value, wanted one',
  MULTIPLE_DOCS: "several documents, wanted one",
  MULTIPLE_TAGS: 'two tags ("!") on one value, wanted none',
  NON_STRING_KEY: "a field name that is not text, wanted text",
  RESOURCE_EXHAUSTION: "nested too deeply",
  TAB_AS_INDENT: "a tab in the indentation, wanted spaces",
  TAG_RESOLVE_FAILED: `a tag ("!") that is not known, wanted none, or quotes around the text`,
  UNEXPECTED_TOKEN: "not valid YAML from here on",
};

// The parser uses one code for everything that is missing; these texts are fixed parts of its messages.
const missing: readonly (readonly [start: string, sentence: string])[] = [
  ["Missing closing", "text in quotes that is not closed, wanted the same quote at its end"],
  ["Implicit map keys", missingColon],
  ["Missing , ", 'no comma between two items of "[ ]" or "{ }"'],
  ["Flow ", notClosed],
  ["Missing space after :", 'no space after ":"'],
  ["Comments must be", 'no space before "#", wanted one if a comment begins there, or quotes'],
  ["Sequence item without", 'a line without "- " in a list'],
  ["Missing directives-end", 'a directive ("%") without "---" after it'],
];

/** Says what is wrong; the sentence has neither a place nor any text of the file. */
export function describeYamlError(error: YAMLError): string {
  if (error.code === "BAD_INDENT" && error.message.startsWith("Flow ")) return notClosed;
  if (error.code === "MISSING_CHAR") {
    const known = missing.find(([start]) => error.message.startsWith(start));
    if (known !== undefined) return known[1];
  }
  return sentences[error.code];
}

/** Whether a warning of the parser means that a value would not be what was written. */
export function isHarmful(warning: YAMLError): boolean {
  switch (warning.code) {
    case "TAG_RESOLVE_FAILED":
    case "BAD_ALIAS":
    case "BAD_COLLECTION_TYPE":
    case "BAD_DIRECTIVE":
      return true;
    default:
      return false;
  }
}
