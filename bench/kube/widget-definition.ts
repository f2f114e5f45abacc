/** How a Kubernetes API server is told of widgets, the kind by which our merging is compared with its own. */
import type { JsonMap } from "../../control/apiserver/json-tree.ts";
import { widgetSchema } from "../../control/apiserver/apply/testdata/widget.ts";

/** The CustomResourceDefinition of widgets. */
export const widgetDefinition: JsonMap = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.bench.clrk.dev" },
  spec: {
    group: "bench.clrk.dev",
    names: { kind: "Widget", listKind: "WidgetList", plural: "widgets", singular: "widget" },
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: widgetSchema },
        subresources: { status: {} },
      },
    ],
  },
};
