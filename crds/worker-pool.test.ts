/** WorkerPool: defaults, and refusals with exact messages. */
import t from "tap";
import { expectObject, objectOf, testAcceptance, testRefusals } from "./testdata/kind-cases.ts";
import { workerPoolKind } from "./worker-pool.ts";

const least = objectOf("WorkerPool", { template: { image: "worker:1" } });

t.test("parse() of the least pool gives one worker", (t) => {
  t.match(expectObject(workerPoolKind.parse(least)).spec, {
    replicas: 1,
    template: {
      image: "worker:1",
      imagePullPolicy: "IfNotPresent",
      serviceAccountName: "clrk-worker",
      env: [],
      extraVolumes: [],
    },
  });
  t.end();
});

testAcceptance(workerPoolKind, least, [
  ["spec.replicas", 0],
  ["spec.maxExecutionsPerWorker", 20],
  ["spec.warmPool", 5],
  ["spec.imageCache", { enabled: true }],
  ["spec.template.metadata", { labels: { team: "a" } }],
  ["spec.template.tolerations", [{ key: "gpu", operator: "Exists", effect: "NoSchedule" }]],
  ["spec.template.affinity", { nodeAffinity: {} }],
  ["spec.template.resources", { limits: { cpu: 4, memory: "8Gi", "nvidia.com/gpu": 1 } }],
  [
    "spec.template.env",
    [
      { name: "CLRK_INSECURE_REGISTRIES", value: "registry:5000" },
      { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
    ],
  ],
  [
    "spec.template.topologySpreadConstraints",
    [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { app: "a" } },
      },
    ],
  ],
]);

testRefusals(workerPoolKind, least, [
  ["spec.replicas", -1, "spec.replicas: found -1, wanted an integer from 0 to 10000"],
  [
    "spec.template.image",
    "worker:1/",
    'spec.template.image: found "worker:1/", wanted an image such as "registry.example.com/agent:1.2": "/" at an end',
  ],
  [
    "spec.template.env",
    [{ name: "POD_NAME", value: "a" }],
    'spec.template.env[0].name: found "POD_NAME", wanted a variable name such as "LOG_LEVEL": the worker is told its own name by it',
  ],
  [
    "spec.template.env",
    [{ name: "A", value: "a", valueFrom: {} }],
    "spec.template.env[0].valueFrom: found an object, wanted none, because value is set",
  ],
  [
    "spec.template.extraVolumes",
    [{ name: "state", emptyDir: {} }],
    'spec.template.extraVolumes[0].name: found "state", wanted a DNS label: "a" to "z", digits and "-" inside, at most 63 characters: every worker has a volume of that name',
  ],
  [
    "spec.template.extraVolumes",
    [{ name: "a" }],
    "spec.template.extraVolumes[0]: found no source, wanted one of configMap, secret, emptyDir, hostPath, persistentVolumeClaim, projected, downwardAPI, csi, ephemeral, nfs, image",
  ],
  [
    "spec.template.extraVolumes",
    [{ name: "a", emptyDir: {}, hostPath: { path: "/x" } }],
    "spec.template.extraVolumes[0]: found emptyDir and hostPath, wanted one of configMap, secret, emptyDir, hostPath, persistentVolumeClaim, projected, downwardAPI, csi, ephemeral, nfs, image",
  ],
  [
    "spec.template.extraVolumeMounts",
    [{ name: "a", mountPath: "/data" }],
    'spec.template.extraVolumeMounts[0].name: found "a", wanted the name of one of extraVolumes',
  ],
]);

const mounted = objectOf("WorkerPool", {
  template: {
    image: "worker:1",
    extraVolumes: [{ name: "a", emptyDir: {} }],
    extraVolumeMounts: [{ name: "a", mountPath: "/data" }],
  },
});

testAcceptance(workerPoolKind, mounted, [
  ["spec.template.extraVolumeMounts.0.readOnly", true],
  ["spec.template.extraVolumeMounts.0.mountPath", "/var/lib/clrk/cache"],
]);

testRefusals(workerPoolKind, mounted, [
  ...(["/run/clrk/x", "/var/log", "/root"] as const).map((path) => {
    const taken = { "/run/clrk/x": "/run/clrk", "/var/log": "/var/log/clrk", "/root": "/root" };
    const message = `found "${path}", wanted an absolute path such as "/data": it would cover "${taken[path]}" or lie in it`;
    const place = "spec.template.extraVolumeMounts.0.mountPath";
    return [place, path, `spec.template.extraVolumeMounts[0].mountPath: ${message}`] as const;
  }),
]);
