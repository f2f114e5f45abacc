-- A merge takes up to 14 MB for each of its parts: of sixteen that is more than the engine has, and it fails for ever.
ALTER TABLE otel_traces MODIFY SETTING max_parts_to_merge_at_once = 8;
ALTER TABLE otel_logs MODIFY SETTING max_parts_to_merge_at_once = 8;
