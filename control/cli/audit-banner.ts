/** The line that nobody can overlook: what only audits, and so refuses nothing. */
import { auditSentence } from "../../gateway/audit.ts";
import type { GatewayStatus } from "../../gateway/control-api.ts";
import { escapeControls } from "./colour.ts";
import type { Palette } from "./colour.ts";

/** One line for each gateway on which something audits. */
export function auditBanners(
  gateways: readonly Pick<GatewayStatus, "audits">[],
  palette: Palette,
): string[] {
  return gateways.flatMap(({ audits = [] }) =>
    audits.length === 0 ? [] : [palette.bold(palette.red(escapeControls(auditSentence(audits))))],
  );
}
