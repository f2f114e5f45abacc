/** Spans and logs as a request brings them, whichever form it has. Nothing of it is trusted yet. */
import type { OtlpAttribute, OtlpValue } from "./attribute-columns.ts";

/** The signals that are taken. */
export type OtlpSignal = "traces" | "logs";

/** What one resource and scope sent. */
export interface OtlpGroup<Item> {
  readonly resource: readonly OtlpAttribute[];
  readonly scope: {
    readonly name: string;
    readonly version: string;
    readonly attributes?: readonly OtlpAttribute[];
  };
  /** Of the resource and of the scope's items */
  readonly schemaUrls?: { readonly resource: string; readonly items: string };
  /** Attributes that are missing of the resource and of the scope */
  readonly dropped?: { readonly resource: number; readonly scope: number };
  readonly items: readonly Item[];
}

/** What rows have no column for, and receivers of others get as it was sent. */
export interface DroppedCounts {
  readonly droppedAttributesCount?: number;
}

/** One span; ids in lower-case hexadecimal of any length, times in Unix `ns`. */
export interface OtlpSpan extends DroppedCounts {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly flags?: number;
  readonly droppedEventsCount?: number;
  readonly droppedLinksCount?: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: readonly OtlpAttribute[];
  readonly events: readonly OtlpEvent[];
  readonly links: readonly OtlpLink[];
  readonly status: { readonly code: number; readonly message: string };
}

/** One event of a span. */
export interface OtlpEvent extends DroppedCounts {
  readonly timeNs: bigint;
  readonly name: string;
  readonly attributes: readonly OtlpAttribute[];
}

/** One link of a span. */
export interface OtlpLink extends DroppedCounts {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly flags?: number;
  readonly attributes: readonly OtlpAttribute[];
}

/** One log record. */
export interface OtlpLog extends DroppedCounts {
  readonly timeNs: bigint;
  readonly observedNs: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: OtlpValue | undefined;
  readonly attributes: readonly OtlpAttribute[];
  readonly flags: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly eventName: string;
}
