/** Columns of tables: those that a kind declares by path, led by the name as everywhere in Kubernetes. */
import type { PrinterColumn } from "../../crds/kind-definition.ts";
import { compileColumnPath, readColumnPath } from "./column-path.ts";
import { formatAgeOf } from "./human-duration.ts";
import type { TableColumn } from "./served-resource.ts";

/** The column that leads every table. */
export const nameColumn: TableColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace",
  priority: 0,
  cell: ({ metadata }) => metadata.name,
};

/** The column that tells when an object was created. */
export const ageColumn: TableColumn = {
  name: "Age",
  // The server sends an age, not a date: kubectl prints what it gets.
  type: "string",
  description: "Time since the object was created",
  priority: 0,
  cell: ({ metadata }, nowMs) => formatAgeOf(metadata.creationTimestamp, nowMs),
};

/** Name, then what the kind declares. Throws a SyntaxError for a path that cannot be compiled. */
export function columnsOf(declared: readonly PrinterColumn[]): readonly TableColumn[] {
  return [nameColumn, ...declared.map(columnOf)];
}

function columnOf(column: PrinterColumn): TableColumn {
  const path = compileColumnPath(column.jsonPath);
  const { name, type, description = "", jsonPath } = column;
  const priority =
    "priority" in column && typeof column.priority === "number" ? column.priority : 0;
  return {
    name,
    type,
    description: description === "" ? `Value of ${jsonPath}` : description,
    priority,
    cell: (object, nowMs) => {
      const values = readColumnPath(path, object);
      if (values.length === 0) return null;
      return type === "date" ? formatAgeOf(values[0], nowMs) : formatCell(type, values);
    },
  };
}

/** As Kubernetes does: scalars as they are where the type says so, lists and objects as JSON, several joined. */
function formatCell(type: PrinterColumn["type"], values: readonly unknown[]): unknown {
  const [first] = values;
  if (type === "integer" && typeof first === "number") return first;
  if (type === "boolean" && typeof first === "boolean") return first;
  return values
    .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
    .join(",");
}
