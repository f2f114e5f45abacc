/** TaskAgent: defaults, and refusals with exact messages. */
import t from "tap";
import { taskAgentKind } from "./task-agent.ts";
import {
  change,
  expectObject,
  objectOf,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const least = objectOf("TaskAgent", {
  template: { spec: { image: "agent:1" } },
  workerPoolRef: "default",
});

t.test("parse() of the least agent gives it a timeout and nothing else", (t) => {
  t.same(expectObject(taskAgentKind.parse(least)).spec, {
    template: { spec: { image: "agent:1", command: [], args: [], env: [] } },
    workerPoolRef: "default",
    timeout: "1m40s",
    egressRefs: [],
  });
  t.end();
});

t.test("parse() gives the parts of an agent their defaults where they are there", (t) => {
  const written = ["state", "streaming", "delivery"].reduce(
    (object, part) => change(object, `spec.${part}`, {}),
    least,
  );
  const { state, streaming, delivery } = expectObject(taskAgentKind.parse(written)).spec;
  t.same(state, { backend: "sqlite", sizeLimitMB: 100, mountPath: "/var/clrk/state" });
  t.same([streaming, delivery], [{ enabled: false }, { mode: "Stdin" }]);
  t.end();
});

t.test("parse() takes amounts as numbers and as text, and input of any shape", (t) => {
  const sized = change(least, "spec.resources", { cpu: 2, memory: "512Mi" });
  const scheduled = change(change(sized, "spec.schedule", "@hourly"), "spec.scheduleInput", [1]);
  const { resources, scheduleInput } = expectObject(taskAgentKind.parse(scheduled)).spec;
  t.same([resources, scheduleInput], [{ cpu: "2", memory: "512Mi" }, [1]]);
  t.end();
});

testAcceptance(taskAgentKind, least, [
  ["metadata.name", "summary-2"],
  ["spec.timeout", "20m"],
  ["spec.maxConcurrent", 0],
  ["spec.warmPoolSize", 3],
  ["spec.warmPoolIdleTTL", "90s"],
  ["spec.schedule", "*/5 8-18 * * mon-fri"],
  ["spec.schedule", "@every 90s"],
  ["spec.schedule", "CRON_TZ=Europe/Berlin 0 6 * * *"],
  ["spec.egressRefs", [{ gatewayRef: "default" }, { gatewayRef: "other" }]],
  ["spec.template.metadata", { annotations: { "Example.com/a": "b" }, labels: { team: "a" } }],
  ["spec.template.spec.env", [{ name: "A", value: "" }, { name: "B" }]],
  ["spec.template.spec.image", "registry.example.com:5000/a/b@sha256:0123"],
  [
    "spec.identity",
    { extractors: [{ type: "Header", header: { name: "X-User", field: "user" } }] },
  ],
  ["spec.streaming", { enabled: true }],
  [
    "spec.identity",
    { extractors: [{ type: "Body", body: { jsonPath: "user.id", field: "user" } }] },
  ],
  ["spec.state", { mountPath: "/data", sizeLimitMB: 1 }],
  ["spec.delivery", { mode: "Metadata" }],
  ["spec.resources", { cpu: "500m", ephemeralStorage: "1.5Gi" }],
]);

testRefusals(taskAgentKind, least, [
  [
    "metadata.name",
    "a.b",
    'metadata.name: found "a.b", wanted a DNS label: "a" to "z", digits and "-" inside, at most 63 characters',
  ],
  ["spec.template", undefined, "spec.template: not set, wanted an object"],
  [
    "spec.template.spec.image",
    undefined,
    'spec.template.spec.image: not set, wanted an image such as "registry.example.com/agent:1.2"',
  ],
  [
    "spec.template.spec.image",
    "https://x/agent",
    'spec.template.spec.image: found "https://x/agent", wanted an image such as "registry.example.com/agent:1.2": a scheme is not part of an image',
  ],
  [
    "spec.template.spec.env",
    [{ name: "A", valueFrom: { secretKeyRef: { name: "a", key: "b" } } }],
    'spec.template.spec.env[0].valueFrom: unknown field; known: "name", "value"',
  ],
  [
    "spec.template.spec.env",
    [
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ],
    'spec.template.spec.env[1].name: found "A", wanted a different name for each: item 0 has it too',
  ],
  [
    "spec.template.metadata",
    { name: "x" },
    'spec.template.metadata.name: unknown field; known: "labels", "annotations"',
  ],
  [
    "spec.workerPoolRef",
    "",
    'spec.workerPoolRef: found an empty string, wanted a DNS label: "a" to "z", digits and "-" inside, at most 63 characters',
  ],
  [
    "spec.timeout",
    "0s",
    'spec.timeout: found "0s", wanted a duration such as "30s" or "5m": it must be more than 0',
  ],
  [
    "spec.timeout",
    "800h",
    'spec.timeout: found "800h", wanted a duration such as "30s" or "5m": it must be at most 744h',
  ],
  [
    "spec.maxConcurrent",
    -1,
    "spec.maxConcurrent: found -1, wanted an integer from 0 to 2147483647",
  ],
  ["spec.warmPoolSize", 1001, "spec.warmPoolSize: found 1001, wanted an integer from 0 to 1000"],
  [
    "spec.schedule",
    "",
    'spec.schedule: found an empty string, wanted a schedule such as "*/5 * * * *", "@daily" or "@every 90s"',
  ],
  [
    "spec.schedule",
    "0 0 12 * * *",
    'spec.schedule: found "0 0 12 * * *", wanted a schedule such as "*/5 * * * *", "@daily" or "@every 90s": 6 fields instead of 5; seconds are not known',
  ],
  [
    "spec.scheduleInput",
    { a: 1 },
    "spec.scheduleInput: found a value, wanted none, because there is no schedule that would give it",
  ],
  [
    "spec.egressRefs",
    [{ gatewayRef: "a" }, { gatewayRef: "a" }],
    'spec.egressRefs[1].gatewayRef: found "a", wanted a different gatewayRef for each: item 0 has it too',
  ],
  [
    "spec.identity",
    { extractors: [] },
    "spec.identity.extractors: found an empty list, wanted a list of 1 to 16",
  ],
  [
    "spec.identity",
    { extractors: [{ type: "Header", body: { jsonPath: "sub", field: "user" } }] },
    'spec.identity.extractors[0].header: not set, wanted a value, because type is "Header"',
    'spec.identity.extractors[0].body: found a value, wanted none, because type is "Header": it goes with type "Body"',
  ],
  [
    "spec.identity",
    { extractors: [{ type: "JWT" }] },
    'spec.identity.extractors[0].type: found "JWT", wanted "Header" or "Body": nothing here says whose signature such a token must have, so that anybody could write its claims; let whatever checks the token send the value in a header',
  ],
  [
    "spec.identity",
    { extractors: [{ type: "Header", header: { name: "Authorization", field: "user" } }] },
    'spec.identity.extractors[0].header.name: found "Authorization", wanted a header name such as "x-user": it holds a credential, and what is read here is kept in the open',
  ],
  [
    "spec.state",
    { mountPath: "/etc/clrk" },
    'spec.state.mountPath: found "/etc/clrk", wanted an absolute path such as "/data": it would cover "/etc" or lie in it',
  ],
  ["spec.state", { backend: "redis" }, 'spec.state.backend: found "redis", wanted "sqlite"'],
  [
    "spec.delivery",
    { mode: "stdin" },
    'spec.delivery.mode: found "stdin", wanted "Stdin" or "Metadata": did you mean "Stdin"?',
  ],
  [
    "spec.resources",
    { cpu: 0 },
    'spec.resources.cpu: found 0, wanted an amount such as "500m" or "2Gi": it must be more than 0',
  ],
  [
    "spec.resources",
    { memory: "2 GB" },
    'spec.resources.memory: found "2 GB", wanted an amount such as "500m" or "2Gi"',
  ],
]);
