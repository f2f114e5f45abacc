import t from "tap";
import { formatProblem, shortenPath } from "./problem-line.ts";

const problem = {
  file: "/home/me/policy/route.yaml",
  line: 14,
  field: "spec.rules[0]",
  message: "wanted a list",
};

for (const { name, changes, line } of [
  {
    name: "all that is known",
    changes: {},
    line: "policy/route.yaml:14: spec.rules[0]: wanted a list",
  },
  {
    name: "no line",
    changes: { line: 0 },
    line: "policy/route.yaml: spec.rules[0]: wanted a list",
  },
  { name: "no field", changes: { field: "" }, line: "policy/route.yaml:14: wanted a list" },
  {
    name: "what a file may hold",
    changes: { message: 'no "\u001b[2J\u202e"' },
    line: 'policy/route.yaml:14: spec.rules[0]: no "\\x1b[2J\\u202e"',
  },
]) {
  t.test(`formatProblem() shows ${name}`, (t) => {
    t.equal(formatProblem({ ...problem, ...changes }, "/home/me"), line);
    t.end();
  });
}

for (const { path, short } of [
  { path: "policy/a.yaml", short: "policy/a.yaml" },
  { path: "/home/me/a.yaml:3", short: "a.yaml:3" },
  { path: "/srv/other/a.yaml", short: "/srv/other/a.yaml" },
  { path: "/home/me", short: "/home/me" },
]) {
  t.test(`shortenPath() of "${path}" from /home/me`, (t) => {
    t.equal(shortenPath(path, "/home/me"), short);
    t.end();
  });
}
