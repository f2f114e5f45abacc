/** `template` of a WorkerPool: how its workers' pods look, laid over the pod that CLRK makes by itself. */
import { environmentNameFormat, image } from "./agent-sandbox.ts";
import { labelSelector } from "./label-selector.ts";
import { labelMap, templateMetadata } from "./meta.ts";
import { workerMountPathFormat } from "./mount-path.ts";
import {
  dnsLabelFormat,
  dnsSubdomainFormat,
  labelKeyFormat,
  labelValueFormat,
} from "./name-formats.ts";
import { cel } from "./open-api-constraint.ts";
import {
  array,
  boolean,
  defaulted,
  emptyIfAbsent,
  enumeration,
  integer,
  jsonObject,
  map,
  object,
  optional,
  quantity,
  refine,
  string,
} from "./schema.ts";
import type { Infer } from "./schema.ts";

/** Variables that the worker itself is told by. */
const ownVariables = ["POD_NAME", "POD_NAMESPACE", "CLRK_POOL_NAME"];

/** Volumes that every worker has. */
const ownVolumes = ["state", "run", "varlog"];

/** Most bytes of a part that is handed to Kubernetes as it is. */
const maxPartBytes = 16_384;

/** The parsed template. */
export type WorkerPod = Infer<typeof workerPod>;

function passedOn(description: string) {
  return jsonObject({ description, maxBytes: maxPartBytes });
}

const amounts = (description: string) =>
  emptyIfAbsent(
    map({
      description,
      keys: labelKeyFormat,
      values: quantity({ description: "How much" }),
      maxProperties: 16,
    }),
  );

const variable = refine(
  object({
    description: "One variable",
    fields: {
      name: string({
        description: "Its name",
        maxLength: 253,
        format: {
          ...environmentNameFormat,
          name: "worker-variable-name",
          constraint: { not: { pattern: `^(?:${ownVariables.join("|")})$` } },
          read(text) {
            return ownVariables.includes(text)
              ? { kind: "invalid", detail: "the worker is told its own name by it" }
              : environmentNameFormat.read(text);
          },
        },
      }),
      value: optional(
        string({
          description: "Its value, as it is; empty when absent",
          minLength: 0,
          maxLength: 32_768,
          sensitive: true,
        }),
      ),
      valueFrom: optional(passedOn("Where Kubernetes takes the value from (core/v1 EnvVarSource)")),
    },
  }),
  {
    description: "A variable has one value",
    fields: ["value", "valueFrom"],
    constraint: { not: { required: ["value", "valueFrom"] } },
    check({ value, valueFrom }, report) {
      if (value === undefined || valueFrom === undefined) return;
      report({ at: ["valueFrom"], found: "an object", wanted: "none, because value is set" });
    },
  },
);

const toleration = object({
  description: "A taint that is put up with (core/v1 Toleration)",
  fields: {
    key: optional(string({ description: "Taint key", maxLength: 317, format: labelKeyFormat })),
    operator: optional(
      enumeration({ description: "How it is compared", values: ["Equal", "Exists", "Lt", "Gt"] }),
    ),
    value: optional(
      string({
        description: "Taint value",
        minLength: 0,
        maxLength: 63,
        format: labelValueFormat,
      }),
    ),
    effect: optional(
      enumeration({
        description: "Taint effect; all when absent",
        values: ["NoSchedule", "PreferNoSchedule", "NoExecute"],
      }),
    ),
    tolerationSeconds: optional(
      integer({
        description: "How long, in seconds",
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
      }),
    ),
  },
});

const spread = object({
  description: "How workers are spread (core/v1 TopologySpreadConstraint)",
  fields: {
    maxSkew: integer({ description: "Largest difference", min: 1, max: 10_000 }),
    topologyKey: string({ description: "Node label", maxLength: 317, format: labelKeyFormat }),
    whenUnsatisfiable: enumeration({
      description: "What happens otherwise",
      values: ["DoNotSchedule", "ScheduleAnyway"],
    }),
    labelSelector: optional(labelSelector("Pods that are counted")),
    minDomains: optional(integer({ description: "Fewest domains", min: 1, max: 10_000 })),
    nodeAffinityPolicy: optional(
      enumeration({ description: "Whether affinity counts", values: ["Honor", "Ignore"] }),
    ),
    nodeTaintsPolicy: optional(
      enumeration({ description: "Whether taints count", values: ["Honor", "Ignore"] }),
    ),
  },
});

/** Sources of volumes, as core/v1 names them. */
const volumeSources = {
  configMap: optional(passedOn("A ConfigMap")),
  secret: optional(passedOn("A Secret")),
  emptyDir: optional(passedOn("A folder that is gone with the pod")),
  hostPath: optional(passedOn("A folder of the node")),
  persistentVolumeClaim: optional(passedOn("A claim")),
  projected: optional(passedOn("Several sources in one folder")),
  downwardAPI: optional(passedOn("Fields of the pod")),
  csi: optional(passedOn("A CSI driver's")),
  ephemeral: optional(passedOn("A claim that is gone with the pod")),
  nfs: optional(passedOn("A share")),
  image: optional(passedOn("Files of an image")),
};

const sourceNames = Object.keys(volumeSources);

const volume = object({
  description: "A further volume (core/v1 Volume)",
  fields: { name: volumeName("Its name"), ...volumeSources },
  rules: [
    {
      description: "A volume has one source",
      fields: sourceNames,
      constraint: { oneOf: sourceNames.map((name) => ({ required: [name] })) },
      check(value, report) {
        const given = sourceNames.filter((name) => value[name] !== undefined);
        if (given.length === 1) return;
        const found = given.length === 0 ? "no source" : `${given.join(" and ")}`;
        report({ at: [], found, wanted: `one of ${sourceNames.join(", ")}` });
      },
    },
  ],
});

const mount = object({
  description: "Where a further volume is seen (core/v1 VolumeMount)",
  fields: {
    name: volumeName("Name of one of extraVolumes"),
    mountPath: string({
      description: "Folder in the worker",
      maxLength: 1024,
      format: workerMountPathFormat,
    }),
    subPath: optional(string({ description: "Part of the volume", maxLength: 1024 })),
    readOnly: optional(boolean({ description: "Whether it cannot be written" })),
  },
});

/** The schema of the template. */
export const workerPod = refine(
  object({
    description: "What is laid over the pods of the workers",
    fields: {
      metadata: optional(templateMetadata("pods")),
      image: image("Image of the worker"),
      imagePullPolicy: defaulted(
        enumeration({
          description: "When the image is pulled",
          values: ["Always", "IfNotPresent", "Never"],
        }),
        "IfNotPresent",
      ),
      imagePullSecrets: emptyIfAbsent(
        array({
          description: "Secrets of registries",
          items: object({
            description: "One Secret",
            fields: {
              name: string({
                description: "Its name",
                maxLength: 253,
                format: dnsSubdomainFormat,
              }),
            },
          }),
          maxItems: 16,
          unique: { field: "name" },
        }),
      ),
      resources: optional(
        object({
          description: "What a worker asks for and may use",
          fields: { requests: amounts("Asked for"), limits: amounts("Most that may be used") },
        }),
      ),
      env: emptyIfAbsent(
        array({
          description: "Further environment variables of the worker",
          items: variable,
          maxItems: 128,
          unique: { field: "name" },
        }),
      ),
      serviceAccountName: defaulted(
        string({
          description: "Account that the worker acts as",
          maxLength: 253,
          format: dnsSubdomainFormat,
        }),
        "clrk-worker",
      ),
      nodeSelector: emptyIfAbsent(labelMap("Labels of nodes", 32)),
      tolerations: emptyIfAbsent(
        array({ description: "Taints of nodes", items: toleration, maxItems: 32 }),
      ),
      affinity: optional(passedOn("Where workers prefer to be (core/v1 Affinity)")),
      priorityClassName: optional(
        string({ description: "Priority class", maxLength: 253, format: dnsSubdomainFormat }),
      ),
      topologySpreadConstraints: emptyIfAbsent(
        array({ description: "How workers are spread", items: spread, maxItems: 16 }),
      ),
      extraVolumes: emptyIfAbsent(
        array({
          description: "Further volumes",
          items: volume,
          maxItems: 32,
          unique: { field: "name" },
        }),
      ),
      extraVolumeMounts: emptyIfAbsent(
        array({
          description: "Where they are seen",
          items: mount,
          maxItems: 32,
          unique: { field: "mountPath" },
        }),
      ),
    },
  }),
  {
    description: "What is mounted is one of extraVolumes",
    fields: ["extraVolumes", "extraVolumeMounts"],
    cel: [
      cel(
        "self.extraVolumeMounts.all(mount, self.extraVolumes.exists(volume, volume.name == mount.name))",
        "what is mounted is one of extraVolumes",
      ),
    ],
    check({ extraVolumes, extraVolumeMounts }, report) {
      const names = new Set(extraVolumes.map(({ name }) => name));
      for (const [index, { name }] of extraVolumeMounts.entries()) {
        if (names.has(name)) continue;
        const wanted = "the name of one of extraVolumes";
        report({ at: ["extraVolumeMounts", index, "name"], found: `"${name}"`, wanted });
      }
    },
  },
);

function volumeName(description: string) {
  return string({
    description,
    maxLength: 63,
    format: {
      ...dnsLabelFormat,
      name: "volume-name",
      constraint: { not: { pattern: `^(?:${ownVolumes.join("|")})$` } },
      read(text) {
        return ownVolumes.includes(text)
          ? { kind: "invalid", detail: "every worker has a volume of that name" }
          : dnsLabelFormat.read(text);
      },
    },
  });
}
