/** Tests of reading manifests: what becomes an object, and for each mistake the line, the field and the sentence. */
import t from "tap";
import {
  formatSourceProblem,
  locateProblem,
  maxManifestBytes,
  parseManifests,
} from "./manifests.ts";
import { createProblem } from "../crds/problem.ts";

const head = "apiVersion: clrk.apoxy.dev/v1alpha1\n";

function routeText(name: string, hostname = "api.example.com"): string {
  return `${head}kind: EgressHTTPRoute
metadata:
  name: ${name}
spec:
  parentRefs:
    - group: clrk.apoxy.dev
      kind: EgressGateway
      name: default
  hostnames:
    - ${hostname}
  rules:
    - matches:
        - method: GET
`;
}

function namesOf(text: string): string[] {
  const { objects, problems } = parseManifests("a.yaml", text);
  t.same(problems.map(formatSourceProblem), []);
  return objects.map(({ object, line }) => `${line} ${object.kind} ${object.metadata.name}`);
}

function mistakesIn(text: string): string[] {
  return parseManifests("a.yaml", text).problems.map(formatSourceProblem);
}

t.test("parseManifests() gives every document its line and leaves out empty ones", (t) => {
  const text = `# first\n---\n${routeText("one")}---\n---\n# nothing\n---\nnull\n---\n${routeText("two")}...\n`;
  t.same(namesOf(text), ["3 EgressHTTPRoute one", "23 EgressHTTPRoute two"]);
  t.same(namesOf(""), []);
  t.same(namesOf("\n# only a comment\n"), []);
  t.end();
});

t.test("parseManifests() gives the same objects for other ways to write them", (t) => {
  const [plain] = parseManifests("a.yaml", routeText("one")).objects;
  const object = {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressHTTPRoute",
    metadata: { name: "one" },
    spec: {
      parentRefs: [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "default" }],
      hostnames: ["api.example.com"],
      rules: [{ matches: [{ method: "GET" }] }],
    },
  };
  const anchored = routeText("one")
    .replace("group: clrk.apoxy.dev", "group: &group clrk.apoxy.dev")
    .replace("name: default", "name: default # *group");
  for (const [name, text] of [
    ["compact JSON", JSON.stringify(object)],
    ["JSON indented by tabs", JSON.stringify(object, null, "\t")],
    ["byte order mark", `\ufeff${routeText("one")}`],
    ["carriage returns", routeText("one").replaceAll("\n", "\r\n")],
    ["an unused anchor", anchored],
    ["a version directive", `%YAML 1.2\n---\n${routeText("one")}`],
    ["tags of plain types", routeText("one").replace("name: one", "name: !!str one")],
  ] as const) {
    const { objects, problems } = parseManifests("a.yaml", text);
    t.same(problems, [], name);
    t.same(objects[0]?.object, plain?.object, name);
  }
  t.end();
});

t.test("parseManifests() expands a List and tells places inside of it", (t) => {
  const items = [routeText("one"), routeText("two").replace("GET", "7")]
    .map((text) => `  - ${text.trimEnd().replaceAll("\n", "\n    ")}\n`)
    .join("");
  const reading = parseManifests("a.yaml", `apiVersion: v1\nkind: List\nitems:\n${items}`);
  t.same(
    reading.objects.map(({ object, line }) => [object.metadata.name, line]),
    [["one", 4]],
  );
  t.same(reading.problems.map(formatSourceProblem), [
    'a.yaml:31: items[1].spec.rules[0].matches[0].method: found 7, wanted an HTTP method in upper case, such as "GET"',
  ]);
  t.equal(reading.objects[0]?.lineOf(["spec", "hostnames", 0]), 14);
  t.end();
});

t.test("parseManifests() reads YAML 1.2: yes and no are text", (t) => {
  const text = routeText("one").replace(
    "name: one",
    "name: one\n  labels: { a: yes, b: no, c: off }",
  );
  const [sourced] = parseManifests("a.yaml", text).objects;
  t.same({ ...sourced?.object.metadata.labels }, { a: "yes", b: "no", c: "off" });
  const { problems } = parseManifests("a.yaml", `%YAML 1.1\n---\n${text}`);
  t.same(problems.map(formatSourceProblem), [
    'a.yaml:2: a "%YAML" directive of another version, wanted 1.2 or no directive',
  ]);
  t.end();
});

t.test("parseManifests() names line, field and what is wanted for mistakes in an object", (t) => {
  const text = routeText("one");
  const cases: readonly { name: string; text: string; want: readonly string[] }[] = [
    {
      name: "misspelled field",
      text: text.replace("hostnames", "hostname"),
      want: ['a.yaml:10: spec.hostname: unknown field, did you mean "hostnames"?'],
    },
    {
      name: "field not set: line of the nearest parent",
      text: text.replace("      name: default\n", ""),
      want: ["a.yaml:7: spec.parentRefs[0].name: not set, wanted "],
    },
    {
      name: "whole part not set",
      text: text.slice(0, text.indexOf("spec:")),
      want: ["a.yaml:1: spec: not set, wanted an object"],
    },
    {
      name: "field twice",
      text: text.replace("  name: one\n", "  name: one\n  name: two\n"),
      want: ["a.yaml:5: metadata.name: the field is there twice, wanted each field once"],
    },
    {
      name: "merge key",
      text: text.replace("metadata:", "metadata:\n  <<: { a: b }"),
      want: [
        'a.yaml:4: metadata["<<"]: merge keys ("<<") are not read, wanted the fields written out',
      ],
    },
    {
      name: "several mistakes",
      text: text.replace("GET", "7").replace("kind: EgressGateway", "kind: Egress"),
      want: [
        'a.yaml:8: spec.parentRefs[0].kind: found "Egress", wanted "EgressGateway"',
        "a.yaml:14: spec.rules[0].matches[0].method: found 7, wanted ",
      ],
    },
    {
      name: "text that looks like a truth value elsewhere",
      text: text.replace("GET", "[yes]"),
      want: ["a.yaml:14: spec.rules[0].matches[0].method: found a list of 1, wanted "],
    },
  ];
  for (const { name, text, want } of cases) {
    const found = mistakesIn(text);
    t.equal(found.length, want.length, name);
    for (const [index, start] of want.entries()) {
      t.equal(found[index]?.slice(0, start.length), start, name);
    }
  }
  t.end();
});

t.test("parseManifests() says which kinds are read when a document has another", (t) => {
  const cases: readonly (readonly [text: string, want: RegExp])[] = [
    [
      "apiVersion: apps/v1\nkind: Deployment\n",
      /^a\.yaml:2: kind: no kind "Deployment" in "apps\/v1", known are EgressGateway, .*, Secret and Namespace$/,
    ],
    [
      `${head}kind: EgresHTTPRoute\n`,
      /^a\.yaml:2: kind: no kind "EgresHTTPRoute" in ".*", did you mean "EgressHTTPRoute"\?$/,
    ],
    [
      "# x\n\napiVersion: clrk.apoxy.dev/v1\nkind: Backend\n",
      /^a\.yaml:3: apiVersion: found "clrk.apoxy.dev\/v1", wanted "clrk.apoxy.dev\/v1alpha1"/,
    ],
    ["kind: Backend\n", /^a\.yaml:1: apiVersion: not set, wanted "clrk.apoxy.dev\/v1alpha1"$/],
    ["metadata: {}\n", /^a\.yaml:1: kind: not set, wanted a kind such as "EgressGateway"$/],
    ["\n- a\n", /^a\.yaml:2: found a list of 1, wanted an object$/],
    ["just text\n", /^a\.yaml:1: found a string, wanted an object$/],
    ["apiVersion: v1\nkind: List\nitems: 7\n", /^a\.yaml:\d: \w+: .*no kind "List"|apiVersion/],
  ];
  for (const [text, want] of cases) {
    const [found, ...rest] = mistakesIn(text);
    t.match(found, want);
    t.same(rest, []);
  }
  t.end();
});

t.test("parseManifests() shows no value of a Secret, whatever is wrong with it", (t) => {
  const secret = "sk-test-0123456789abcdef";
  const start = "apiVersion: v1\nkind: Secret\nmetadata: { name: openai }\n";
  for (const text of [
    `${start}data: { token: ${secret} }\n`,
    `${start}data: ${secret}\n`,
    `${start}stringData: { token: [${secret}] }\n`,
    `${start}stringData:\n  token: ${secret}: more\n`,
    `${start}stringData:\n  token: "${secret}\\q"\n`,
    `${start}stringData:\n  token: "${secret}\n`,
    `${start}stringData:\n  token: *${secret}\n`,
    `${start}stringData:\n  token: !${secret} x\n`,
    `${start}stringData:\n  token: |${secret}\n`,
    `${start}stringData:\n  token: @${secret}\n`,
    `${start}stringData:\n  token: [${secret}\n`,
    `${start}stringData:\n\ttoken: ${secret}\n`,
    `${start}stringData:\n  token: a\n  ${secret} b\n`,
    `${start}stringData:\n   token: a\n  b: ${secret}\n`,
    `${start}stringData: { "token": &a [*a, ${secret}] }\n`,
    `${start}%${secret}\n---\n`,
    `${start.replace("Secret", "Secrets")}data: { token: ${secret} }\n`,
    `${start}token: ${secret}\n`,
  ]) {
    const { problems } = parseManifests("a.yaml", text);
    t.not(problems.length, 0, text);
    t.notMatch(JSON.stringify(problems), /sk-test|0123456789/, text);
  }
  t.end();
});

t.test("parseManifests() keeps what a Secret warns of beside its object", (t) => {
  const text =
    "apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData:\n  token: |\n    x\n";
  const { objects, warnings, problems } = parseManifests("a.yaml", text);
  t.equal(objects.length, 1);
  t.same(problems, []);
  t.same(warnings.map(formatSourceProblem), [
    "a.yaml:5: stringData.token: ends with a line end, which becomes part of the value",
  ]);
  t.end();
});

t.test("parseManifests() goes on after a broken document", (t) => {
  const reading = parseManifests("a.yaml", `a: "b\n---\n${routeText("one")}---\nkind: 7\n`);
  t.ok(reading.problems.length > 0);
  const second = parseManifests("a.yaml", `a:\tb\n c: d\n---\n${routeText("one")}`);
  t.same(
    second.objects.map(({ object }) => object.metadata.name),
    ["one"],
  );
  t.equal(second.problems.length, 1);
  t.end();
});

t.test("parseManifests() refuses files beyond its bounds", (t) => {
  t.same(mistakesIn("#".repeat(maxManifestBytes + 1)), [
    "a.yaml: the file has 4194305 bytes, wanted at most 4194304",
  ]);
  t.same(mistakesIn("#".repeat(maxManifestBytes)), []);
  const many = parseManifests("a.yaml", "kind: 7\n---\n".repeat(150));
  t.equal(many.problems.length, 101);
  t.equal(many.problems[100]?.message, "50 more problems not listed");
  t.end();
});

t.test("locateProblem() places what is found out later", (t) => {
  const [sourced] = parseManifests("a.yaml", `---\n${routeText("one")}`).objects;
  if (sourced === undefined) throw new Error("No object");
  const path = ["spec", "rules", 0, "matches", 0, "method"];
  const problem = createProblem({ path, found: '"GET"', wanted: "another" });
  t.equal(
    formatSourceProblem(locateProblem(sourced, problem)),
    'a.yaml:15: spec.rules[0].matches[0].method: found "GET", wanted another',
  );
  t.equal(sourced.lineOf(["spec", "rules", 3]), 13, "nearest parent");
  t.equal(sourced.lineOf([]), sourced.line);
  t.end();
});

t.test("parseManifests() takes what others use, and says that this process does not", (t) => {
  const text = `${routeText("one")}---\n${head}kind: DaemonAgent
metadata: { name: watcher }
spec:
  workerPoolRef: default
  template: { spec: { image: "a:1" } }
`;
  const { objects, problems, warnings } = parseManifests("a.yaml", text);
  t.strictSame(
    objects.map(({ object }) => object.kind),
    ["EgressHTTPRoute", "DaemonAgent"],
  );
  t.strictSame(problems, []);
  t.strictSame(warnings.map(formatSourceProblem), [
    "a.yaml:17: kind: DaemonAgent is not used by this process: workers run agents",
  ]);
  t.end();
});

t.test("parseManifests() refuses a record", (t) => {
  const text = `${head}kind: Invocation
metadata: { name: 0b6f2d1c-6a51-4b8e-9a35-1f0c4f7f0f11 }
spec:
  parentRef: { kind: TaskAgent, name: a }
  trigger: { type: HTTP }
`;
  t.strictSame(mistakesIn(text), [
    "a.yaml:2: kind: Invocation is a record of what happened, which nobody writes; remove it",
  ]);
  t.end();
});
