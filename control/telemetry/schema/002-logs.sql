-- One row for each log record that an agent or a worker sends. The gateway's access lines are in otel_traces.
CREATE TABLE IF NOT EXISTS otel_logs
(
    Sequence UInt64 CODEC(Delta(8), ZSTD(1)),
    Timestamp DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    Source LowCardinality(String) CODEC(ZSTD(1)),
    AgentNamespace LowCardinality(String) CODEC(ZSTD(1)),
    AgentKind LowCardinality(String) CODEC(ZSTD(1)),
    AgentName LowCardinality(String) CODEC(ZSTD(1)),
    AgentUid String CODEC(ZSTD(1)),
    AgentRevision String CODEC(ZSTD(1)),
    InvocationId String CODEC(ZSTD(1)),
    EgressGateway LowCardinality(String) CODEC(ZSTD(1)),
    Component LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    IoStream LowCardinality(String) CODEC(ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    TraceFlags UInt8 CODEC(ZSTD(1)),
    SeverityText LowCardinality(String) CODEC(ZSTD(1)),
    SeverityNumber UInt8 CODEC(ZSTD(1)),
    Body String CODEC(ZSTD(1)),
    BodyType String CODEC(ZSTD(1)),
    EventName String CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceAttributeTypes Map(LowCardinality(String), LowCardinality(String)) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    LogAttributeTypes Map(LowCardinality(String), LowCardinality(String)) CODEC(ZSTD(1)),
    INDEX TraceIdIndex TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX InvocationIdIndex InvocationId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX SequenceIndex Sequence TYPE minmax GRANULARITY 1,
    INDEX TimestampIndex Timestamp TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY intDiv(Sequence, 15099494400000)
ORDER BY (AgentNamespace, AgentKind, AgentName, Timestamp, Sequence)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000,
    min_bytes_for_wide_part = 268435456, max_bytes_to_merge_at_max_space_in_pool = 536870912,
    old_parts_lifetime = 60,
    merge_max_block_size = 2048, max_parts_to_merge_at_once = 16;
