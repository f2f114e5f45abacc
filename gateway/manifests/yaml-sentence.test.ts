/** Tests of the sentences about YAML mistakes. */
import t from "tap";
import { YAMLParseError, YAMLWarning } from "yaml";
import type { ErrorCode } from "yaml";
import { describeYamlError, isHarmful } from "./yaml-sentence.ts";

const sentence = (code: ErrorCode, message: string) =>
  describeYamlError(new YAMLParseError([0, 1], code, message));

t.test("describeYamlError() repeats nothing of the parser's message", (t) => {
  for (const code of ["UNEXPECTED_TOKEN", "TAG_RESOLVE_FAILED", "BAD_DQ_ESCAPE"] as const) {
    t.notMatch(sentence(code, "Unexpected hunter2"), /hunter2/);
  }
  t.equal(sentence("IMPOSSIBLE", "?"), "not valid YAML");
  t.end();
});

t.test("describeYamlError() tells what is missing where the parser does", (t) => {
  t.equal(
    sentence("MISSING_CHAR", "Missing , between flow sequence items"),
    'no comma between two items of "[ ]" or "{ }"',
  );
  t.equal(sentence("MISSING_CHAR", "Missing space after : in flow map"), 'no space after ":"');
  t.equal(sentence("MISSING_CHAR", "Something new"), "a character is missing before this place");
  t.match(sentence("BAD_INDENT", "Flow map in block collection must be"), /is not closed/);
  t.match(sentence("BAD_INDENT", "All mapping items"), /an indentation that fits no line above/);
  t.end();
});

t.test("isHarmful() is about values, not about looks", (t) => {
  const warning = (code: ErrorCode) => new YAMLWarning([0, 1], code, "");
  t.equal(isHarmful(warning("TAG_RESOLVE_FAILED")), true);
  t.equal(isHarmful(warning("BAD_DIRECTIVE")), true);
  t.equal(isHarmful(warning("BAD_INDENT")), false);
  t.end();
});
