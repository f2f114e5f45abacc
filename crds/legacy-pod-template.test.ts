/** The old podTemplate of a WorkerPool: what is carried over, and what is refused. */
import t from "tap";
import { expectObject, messagesOf, objectOf } from "./testdata/kind-cases.ts";
import { workerPoolKind } from "./worker-pool.ts";

const container = { name: "worker", image: "worker:1", env: [{ name: "A", value: "b" }] };

function pool(podTemplate: unknown, more: object = {}): unknown {
  return objectOf("WorkerPool", { podTemplate, ...more });
}

t.test("parse() lays the old podTemplate over the pod, with a warning", (t) => {
  const result = workerPoolKind.parse(
    pool({
      metadata: { labels: { team: "a" } },
      spec: {
        containers: [
          { ...container, volumeMounts: [{ name: "data", mountPath: "/data", readOnly: true }] },
        ],
        nodeSelector: { disk: "ssd" },
        volumes: [{ name: "data", emptyDir: {} }],
      },
    }),
  );
  t.match(expectObject(result).spec.template, {
    metadata: { labels: { team: "a" } },
    image: "worker:1",
    env: [{ name: "A", value: "b" }],
    nodeSelector: { disk: "ssd" },
    extraVolumes: [{ name: "data", emptyDir: {} }],
    extraVolumeMounts: [{ name: "data", mountPath: "/data", readOnly: true }],
  });
  t.strictSame(result.kind === "valid" && result.warnings.map(({ message }) => message), [
    "spec.podTemplate: old spelling, write spec.template",
  ]);
  t.end();
});

for (const [name, value, ...messages] of [
  [
    "both spellings",
    pool({ spec: { containers: [container] } }, { template: { image: "worker:1" } }),
    "spec.podTemplate: old spelling of spec.template, which is set as well; remove one",
  ],
  [
    "what the overlay has no place for",
    pool({ spec: { containers: [container], hostNetwork: true } }),
    "spec.podTemplate.spec.hostNetwork: has no place in spec.template, which is laid over the pod that CLRK makes",
  ],
  [
    "a second container",
    pool({ spec: { containers: [container, { name: "other", image: "x" }] } }),
    "spec.podTemplate.spec.containers: a worker has one container; write spec.template",
    'spec.podTemplate.image: not set, wanted an image such as "registry.example.com/agent:1.2"',
  ],
  [
    "a mistake, at the place where it was written",
    pool({ spec: { containers: [{ ...container, image: "a b" }] } }),
    'spec.podTemplate.spec.containers[0].image: found "a b", wanted an image such as "registry.example.com/agent:1.2"',
  ],
] as const) {
  t.test(`parse() refuses ${name}`, (t) => {
    t.strictSame(messagesOf(workerPoolKind.parse(value)), messages);
    t.end();
  });
}
