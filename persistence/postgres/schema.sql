-- Written by `python -m persistence.postgres.new_schema`; `make check` says when it is out of date.

-- 0001_initial
CREATE TABLE "execution_command" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "execution_id" UUID NOT NULL,
    "kind" VARCHAR(32) NOT NULL,
    "payload" JSON,
    "created_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "execution_command" IS 'a command that was not applied yet';
CREATE TABLE "step_execution" (
    "execution_id" UUID NOT NULL  PRIMARY KEY,
    "path" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "position" TEXT NOT NULL,
    "step_id" TEXT NOT NULL,
    "type" VARCHAR(32) NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "attempts" JSON,
    "input" JSON,
    "output" JSON,
    "error" JSON,
    "waiting_for" JSON,
    "due_at" TIMESTAMPTZ,
    "started_at" TIMESTAMPTZ,
    "finished_at" TIMESTAMPTZ
);
COMMENT ON TABLE "step_execution" IS 'a step of an execution, with its attempts';
CREATE TABLE "worker_process" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "host" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ NOT NULL,
    "heartbeat_at" TIMESTAMPTZ NOT NULL,
    "active_executions" INT NOT NULL
);
COMMENT ON TABLE "worker_process" IS 'a worker process that lives';
CREATE TABLE "workflow" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "name" TEXT NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "version" INT NOT NULL,
    "definition_id" UUID NOT NULL,
    "labels" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "deleted_at" TIMESTAMPTZ
);
COMMENT ON TABLE "workflow" IS 'a workflow at its newest version';
CREATE TABLE "workflow_execution" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "definition_id" UUID NOT NULL,
    "workflow_id" UUID,
    "workflow_version" INT,
    "status" VARCHAR(16) NOT NULL,
    "input" JSON,
    "output" JSON,
    "error" JSON,
    "labels" JSONB NOT NULL,
    "priority" INT NOT NULL,
    "idempotency_key" TEXT,
    "parent_id" UUID,
    "retried_from_id" UUID,
    "created_at" TIMESTAMPTZ NOT NULL,
    "started_at" TIMESTAMPTZ,
    "finished_at" TIMESTAMPTZ,
    "deadline_at" TIMESTAMPTZ,
    "sequence" BIGINT NOT NULL,
    "steps_total" INT NOT NULL,
    "steps_completed" INT NOT NULL,
    "steps_failed" INT NOT NULL,
    "steps_running" INT NOT NULL,
    "steps_ended" INT NOT NULL,
    "waiting_for" JSON,
    "due_at" TIMESTAMPTZ,
    "worker_id" UUID,
    "epoch" INT NOT NULL,
    "crashes" INT NOT NULL
);
COMMENT ON TABLE "workflow_execution" IS 'an execution of a workflow';
CREATE TABLE "workflow_version" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "workflow_id" UUID,
    "version" INT,
    "document" JSON NOT NULL,
    "digest" BYTEA,
    "note" TEXT,
    "created_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "workflow_version" IS 'an immutable document';

-- 0002_storage
CREATE UNIQUE INDEX workflow_name_key ON workflow (name) WHERE deleted_at IS NULL;
CREATE INDEX workflow_labels ON workflow USING gin (labels jsonb_path_ops);
CREATE UNIQUE INDEX workflow_version_number_key ON workflow_version (workflow_id, version);
CREATE UNIQUE INDEX workflow_version_digest_key ON workflow_version (digest) WHERE digest IS NOT NULL;
ALTER TABLE workflow_execution ALTER COLUMN idempotency_key TYPE text COLLATE "C";
ALTER TABLE workflow_execution SET (
  fillfactor = 70, toast_tuple_target = 512, autovacuum_vacuum_scale_factor = 0.05
);
CREATE INDEX workflow_execution_workflow ON workflow_execution (workflow_id, id);
CREATE INDEX workflow_execution_status ON workflow_execution (status, id);
CREATE INDEX workflow_execution_labels ON workflow_execution USING gin (labels jsonb_path_ops);
CREATE INDEX workflow_execution_due ON workflow_execution (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX workflow_execution_worker ON workflow_execution (worker_id) WHERE worker_id IS NOT NULL;
CREATE INDEX workflow_execution_crashed ON workflow_execution (crashes) WHERE crashes > 0;
CREATE UNIQUE INDEX workflow_execution_idempotency_key ON workflow_execution (
  (COALESCE(workflow_id, '00000000-0000-0000-0000-000000000000'::uuid)), idempotency_key
) WHERE idempotency_key IS NOT NULL;
ALTER TABLE step_execution
  DROP CONSTRAINT step_execution_pkey,
  ALTER COLUMN path TYPE text COLLATE "C",
  ALTER COLUMN position TYPE text COLLATE "C",
  ALTER COLUMN step_id TYPE text COLLATE "C",
  ADD PRIMARY KEY (execution_id, path);
ALTER TABLE step_execution SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX step_execution_changes ON step_execution (execution_id, sequence);
CREATE INDEX execution_command_execution ON execution_command (execution_id, id);
CREATE TYPE new_execution AS (
  id uuid, definition_id uuid, workflow_id uuid, workflow_version int, input json, labels jsonb, priority int,
  idempotency_key text, created_at bigint, due_at bigint, waiting_for json, total int
);
CREATE TYPE execution_delta AS (
  ordinal int, id uuid, epoch int, status text, total int, completed int, failed int, running int, ended int,
  started_at bigint, finished_at bigint, deadline_at bigint, output json, error json, waiting_for json, due_at bigint,
  lets_go boolean, progressed boolean
);
CREATE TYPE step_change AS (
  ordinal int, path text, position text, step_id text, type text, status text, attempts json, input json, output json,
  error json, waiting_for json, due_at bigint, started_at bigint, finished_at bigint
);

-- 0003_workflow_language
CREATE TABLE "installation" (
    "id" INT NOT NULL  PRIMARY KEY,
    "key" BYTEA NOT NULL
);
COMMENT ON TABLE "installation" IS 'what this installation has made up for itself';
ALTER TABLE "step_execution" ADD COLUMN "checkpoint" JSON;
ALTER TABLE "workflow_execution" ADD COLUMN "parent_path" TEXT;
ALTER TABLE "workflow_execution" ADD COLUMN "is_batch" BOOL NOT NULL DEFAULT FALSE;
ALTER TABLE "workflow_execution" ADD COLUMN "is_queued" BOOL NOT NULL DEFAULT FALSE;
ALTER TABLE "workflow_execution" ADD COLUMN "start_at" TIMESTAMPTZ;
ALTER TABLE "workflow_execution" ADD COLUMN "paused_at" TIMESTAMPTZ;
ALTER TABLE "workflow_execution" ADD COLUMN "signals" JSON;
ALTER TABLE "workflow_execution" ADD COLUMN "items_total" INT NOT NULL DEFAULT 0;
ALTER TABLE "workflow_execution" ADD COLUMN "items_completed" INT NOT NULL DEFAULT 0;
ALTER TABLE "workflow_execution" ADD COLUMN "items_failed" INT NOT NULL DEFAULT 0;
ALTER TABLE "workflow_execution" ADD COLUMN "items_running" INT NOT NULL DEFAULT 0;
ALTER TABLE "workflow_execution" ADD COLUMN "items_ended" INT NOT NULL DEFAULT 0;
ALTER TABLE workflow_execution ALTER COLUMN parent_path TYPE text COLLATE "C";
DROP INDEX workflow_execution_due;
CREATE INDEX workflow_execution_due ON workflow_execution (priority DESC, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX workflow_execution_parent ON workflow_execution (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX workflow_execution_batch ON workflow_execution (parent_id, id) WHERE is_batch;
CREATE INDEX workflow_execution_queued ON workflow_execution (workflow_id, priority DESC, id) WHERE is_queued;
CREATE INDEX workflow_execution_start ON workflow_execution (workflow_id, start_at)
  WHERE is_queued AND start_at IS NOT NULL;
CREATE INDEX workflow_execution_active ON workflow_execution (workflow_id)
  WHERE workflow_id IS NOT NULL AND NOT is_queued AND status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED');
ALTER TABLE installation ADD CONSTRAINT installation_one_row CHECK (id = 1);
INSERT INTO installation (id, key)
VALUES (1, decode(replace(concat(gen_random_uuid(), gen_random_uuid()), '-', ''), 'hex'));
CREATE TYPE new_execution_2 AS (
  id uuid, definition_id uuid, workflow_id uuid, workflow_version int, input json, labels jsonb, priority int,
  idempotency_key text, created_at bigint, due_at bigint, waiting_for json, total int,
  completed int, failed int, running int, ended int, parent_id uuid, parent_path text, retried_from_id uuid,
  is_batch boolean, is_queued boolean, start_at bigint
);
CREATE TYPE execution_delta_2 AS (
  ordinal int, id uuid, epoch int, status text, total int, completed int, failed int, running int, ended int,
  started_at bigint, finished_at bigint, deadline_at bigint, output json, error json, waiting_for json, due_at bigint,
  lets_go boolean, progressed boolean, paused_at bigint, signals json
);
CREATE TYPE step_change_2 AS (
  ordinal int, path text, position text, step_id text, type text, status text, attempts json, input json, output json,
  error json, waiting_for json, due_at bigint, started_at bigint, finished_at bigint, checkpoint json
);
CREATE TYPE new_command AS (
  ordinal int, id uuid, execution_id uuid, kind text, payload json, created_at bigint
);

-- 0004_pending_events
CREATE TABLE "pending_event" (
    "position" BIGSERIAL NOT NULL PRIMARY KEY,
    "type" VARCHAR(32) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "execution_id" UUID,
    "workflow_id" UUID,
    "started_at" TIMESTAMPTZ,
    "data" JSON
);
COMMENT ON TABLE "pending_event" IS 'what is still to be told';
ALTER TABLE pending_event SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE TYPE new_event AS (ordinal int, type text, at bigint, started_at bigint);

-- 0005_circuit_breakers
CREATE TABLE "circuit_breaker" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "service_id" TEXT NOT NULL,
    "failure_threshold" INT NOT NULL,
    "success_threshold" INT NOT NULL,
    "reset_timeout" BIGINT NOT NULL,
    "half_open_max_calls" INT NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "version" BIGINT NOT NULL,
    "generation" BIGINT NOT NULL,
    "failure_count" INT NOT NULL,
    "success_count" INT NOT NULL,
    "opened_at" TIMESTAMPTZ,
    "next_probe_at" TIMESTAMPTZ,
    "updated_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "circuit_breaker" IS 'the breaker of a service';
ALTER TABLE circuit_breaker ALTER COLUMN service_id TYPE text COLLATE "C";
CREATE UNIQUE INDEX circuit_breaker_service ON circuit_breaker (service_id);
CREATE INDEX step_execution_breaker ON step_execution ((waiting_for ->> 'detail'))
  WHERE waiting_for ->> 'kind' = 'CIRCUIT_BREAKER';

-- 0006_webhooks
CREATE TABLE "webhook" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "name" TEXT NOT NULL,
    "direction" VARCHAR(16) NOT NULL,
    "url" TEXT,
    "event_types" JSONB NOT NULL,
    "workflow_id" UUID,
    "signature" VARCHAR(32) NOT NULL,
    "input" TEXT,
    "secret" BYTEA NOT NULL,
    "previous_secret" BYTEA,
    "previous_secret_until" TIMESTAMPTZ,
    "enabled" BOOL NOT NULL,
    "disabled_reason" TEXT,
    "failing_since" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "lease_id" UUID,
    "lease_until" TIMESTAMPTZ,
    "failures" INT NOT NULL DEFAULT 0,
    "paused_until" TIMESTAMPTZ,
    "throttled_until" TIMESTAMPTZ
);
COMMENT ON TABLE "webhook" IS 'a registered webhook, inbound or outbound';
CREATE TABLE "webhook_event" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "webhook_id" UUID NOT NULL,
    "event_type" TEXT NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "payload" JSON,
    "created_at" TIMESTAMPTZ NOT NULL,
    "attempts" JSONB NOT NULL,
    "attempt_count" INT NOT NULL DEFAULT 0,
    "failures" INT NOT NULL DEFAULT 0,
    "last_status_code" INT,
    "last_error" TEXT,
    "delivered_at" TIMESTAMPTZ,
    "next_attempt_at" TIMESTAMPTZ,
    "execution_id" UUID,
    "external_id" TEXT,
    "position" BIGINT
);
COMMENT ON TABLE "webhook_event" IS 'what a webhook is told of, or has brought';
ALTER TABLE webhook SET (fillfactor = 50);
ALTER TABLE webhook_event SET (autovacuum_vacuum_scale_factor = 0.02);
CREATE UNIQUE INDEX webhook_name ON webhook (name);
CREATE INDEX webhook_event_page ON webhook_event (webhook_id, id);
CREATE INDEX webhook_event_new ON webhook_event (webhook_id, position) WHERE status = 'PENDING' AND attempt_count = 0;
CREATE INDEX webhook_event_retry ON webhook_event (webhook_id, next_attempt_at)
  WHERE status = 'PENDING' AND attempt_count > 0;
CREATE UNIQUE INDEX webhook_event_external ON webhook_event (webhook_id, external_id) WHERE external_id IS NOT NULL;

-- 0007_rules_and_templates
CREATE TABLE "transformation_rule" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "expression" TEXT NOT NULL,
    "input_schema" JSON,
    "output_schema" JSON,
    "examples" JSON NOT NULL,
    "revision" INT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "transformation_rule" IS 'a stored expression on one value';
CREATE TABLE "workflow_template" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "category" TEXT,
    "parameters" JSON NOT NULL,
    "document" JSON NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "workflow_template" IS 'a document with parameters';
ALTER TABLE transformation_rule ALTER COLUMN name TYPE text COLLATE "C";
ALTER TABLE workflow_template ALTER COLUMN name TYPE text COLLATE "C";
CREATE UNIQUE INDEX transformation_rule_name_key ON transformation_rule (name);
CREATE UNIQUE INDEX workflow_template_name_key ON workflow_template (name);

-- 0008_schedules
CREATE TABLE "schedule" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "name" TEXT NOT NULL,
    "workflow_id" UUID NOT NULL,
    "cron" TEXT NOT NULL,
    "timezone" TEXT NOT NULL,
    "input" JSON,
    "overlap" VARCHAR(16) NOT NULL,
    "catch_up_window" BIGINT NOT NULL,
    "enabled" BOOL NOT NULL,
    "revision" INT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "next_run_at" TIMESTAMPTZ,
    "buffered_at" TIMESTAMPTZ,
    "last_run_at" TIMESTAMPTZ,
    "last_execution_id" UUID,
    "last_error" TEXT,
    "epoch" INT NOT NULL,
    "claimed_until" TIMESTAMPTZ
);
CREATE INDEX "idx_schedule_workflo_22ec9f" ON "schedule" ("workflow_id");
COMMENT ON TABLE "schedule" IS 'which workflow starts when';
ALTER TABLE schedule ALTER COLUMN name TYPE text COLLATE "C";
CREATE UNIQUE INDEX schedule_name_key ON schedule (name);
CREATE INDEX schedule_due ON schedule (next_run_at) WHERE enabled;
CREATE INDEX schedule_buffered ON schedule (buffered_at) WHERE enabled AND buffered_at IS NOT NULL;

-- 0009_metrics
CREATE TABLE "orchestration_metrics" (
    "workflow_id" UUID NOT NULL  PRIMARY KEY,
    "step_type" TEXT NOT NULL,
    "resolution" INT NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "started" BIGINT NOT NULL,
    "completed" BIGINT NOT NULL,
    "failed" BIGINT NOT NULL,
    "cancelled" BIGINT NOT NULL,
    "retries" BIGINT NOT NULL,
    "microseconds" BIGINT NOT NULL,
    "durations" BYTEA NOT NULL
);
COMMENT ON TABLE "orchestration_metrics" IS 'how executions and steps have gone, by time';
ALTER TABLE orchestration_metrics
  DROP CONSTRAINT orchestration_metrics_pkey,
  ALTER COLUMN step_type TYPE text COLLATE "C",
  ADD PRIMARY KEY (workflow_id, step_type, resolution, at);
ALTER TABLE orchestration_metrics SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX orchestration_metrics_age ON orchestration_metrics (resolution, at) WHERE resolution < 86400;
CREATE TYPE metrics_change AS (
  workflow_id uuid, step_type text, resolution int, at timestamptz, started bigint, completed bigint, failed bigint,
  cancelled bigint, retries bigint, microseconds bigint, durations bytea
);

-- 0010_secrets
CREATE TABLE "secret" (
    "name" VARCHAR(64) NOT NULL  PRIMARY KEY,
    "sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "secret" IS 'an encrypted value';
ALTER TABLE secret ALTER COLUMN name TYPE text COLLATE "C";

-- 0011_api_keys
CREATE TABLE "api_key" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "name" TEXT NOT NULL,
    "role" VARCHAR(16) NOT NULL,
    "prefix" TEXT NOT NULL,
    "digest" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "expires_at" TIMESTAMPTZ,
    "last_used_at" TIMESTAMPTZ
);
COMMENT ON TABLE "api_key" IS 'a key to the API';
CREATE TABLE "audit_entry" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    "principal" TEXT NOT NULL,
    "key_id" UUID,
    "action" TEXT NOT NULL,
    "target" TEXT,
    "outcome" TEXT NOT NULL
);
COMMENT ON TABLE "audit_entry" IS 'what was asked for, by whom';
CREATE UNIQUE INDEX api_key_digest ON api_key (digest);

-- 0012_leadership
CREATE TABLE "leadership" (
    "role" VARCHAR(32) NOT NULL  PRIMARY KEY,
    "holder_id" UUID NOT NULL,
    "epoch" BIGINT NOT NULL,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "worked_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "leadership" IS 'who does what one process at a time does';
ALTER TABLE "worker_process" ADD COLUMN "clock_offset" DOUBLE PRECISION NOT NULL DEFAULT 0;

-- 0013_lineage
CREATE TABLE "carried_step" (
    "execution_id" UUID NOT NULL  PRIMARY KEY,
    "path" TEXT NOT NULL,
    "origins" JSON NOT NULL,
    "checkpoint" JSON
);
COMMENT ON TABLE "carried_step" IS 'what a retry knows of a step that it begins again';
ALTER TABLE carried_step
  DROP CONSTRAINT carried_step_pkey,
  ALTER COLUMN path TYPE text COLLATE "C",
  ADD PRIMARY KEY (execution_id, path);
CREATE INDEX workflow_execution_child ON workflow_execution (parent_id, parent_path) WHERE parent_id IS NOT NULL;
DROP INDEX workflow_execution_parent;
CREATE INDEX workflow_execution_retry ON workflow_execution (retried_from_id) WHERE retried_from_id IS NOT NULL;

-- 0014_durations

-- 0015_families
CREATE TABLE "execution_family" (
    "root_id" UUID NOT NULL  PRIMARY KEY,
    "executions" INT NOT NULL
);
COMMENT ON TABLE "execution_family" IS 'how many executions come from one';

-- 0016_progress
UPDATE workflow_execution
SET steps_ended = floor(1000000000.0 * (steps_ended + items_ended) / steps_total)::int, items_ended = 0
WHERE finished_at IS NOT NULL AND status <> 'COMPLETED' AND steps_ended + items_ended BETWEEN 1 AND steps_total;

-- 0017_lists
ALTER TABLE "workflow_execution" ADD COLUMN "trigger" VARCHAR(16) NOT NULL DEFAULT 'API';
ALTER TABLE "workflow_execution" ADD COLUMN "trigger_id" UUID;
CREATE FUNCTION label_words(labels jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_to_tsvector(string_to_array(regexp_replace(
  btrim(regexp_replace(lower(labels::text), '[\u0001-\u002f\u003a-\u0060\u007b-\u007f]+', ' ', 'g')),
  '([^ ]{255})[^ ]+', '\1', 'g'
), ' '));
CREATE TYPE new_execution_3 AS (
  id uuid, definition_id uuid, workflow_id uuid, workflow_version int, input json, labels jsonb, priority int,
  idempotency_key text, created_at bigint, due_at bigint, waiting_for json, total int,
  completed int, failed int, running int, ended int, parent_id uuid, parent_path text, retried_from_id uuid,
  is_batch boolean, is_queued boolean, start_at bigint, trigger text, trigger_id uuid
);

-- 0018_saved_views
CREATE TABLE "saved_view" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "kind" VARCHAR(32) NOT NULL,
    "name" TEXT NOT NULL,
    "conditions" JSON NOT NULL,
    "columns" JSON NOT NULL,
    "is_shared" BOOL NOT NULL,
    "owner_id" UUID,
    "owner" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "saved_view" IS 'a list with a filter under a name';
ALTER TABLE saved_view ALTER COLUMN name TYPE text COLLATE "C";
CREATE UNIQUE INDEX saved_view_owner ON saved_view (
  coalesce(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), kind, name
);
CREATE INDEX saved_view_shared ON saved_view (name, id) WHERE is_shared;

-- 0019_bulk
CREATE TABLE "bulk_operation" (
    "id" UUID NOT NULL  PRIMARY KEY,
    "action" VARCHAR(16) NOT NULL,
    "wanted" JSON NOT NULL,
    "arguments" JSON NOT NULL,
    "matched" INT NOT NULL,
    "done" INT NOT NULL,
    "failed" INT NOT NULL,
    "problems" JSON NOT NULL,
    "cursor" UUID,
    "created_at" TIMESTAMPTZ NOT NULL,
    "finished_at" TIMESTAMPTZ,
    "epoch" INT NOT NULL,
    "held_until" TIMESTAMPTZ
);
COMMENT ON TABLE "bulk_operation" IS 'something done with many executions';
CREATE INDEX bulk_operation_open ON bulk_operation (id) WHERE finished_at IS NULL;

-- 0020_secret_readers
CREATE INDEX workflow_version_secrets ON workflow_version (id) WHERE position('secrets' in document::text) > 0;

-- 0021_bulk_stops
ALTER TABLE "bulk_operation" ADD COLUMN "stopped_at" TIMESTAMPTZ;

-- The indexes of lists
CREATE INDEX workflow_execution_listed ON workflow_execution (status, id) WHERE NOT is_batch;
CREATE INDEX workflow_execution_workflow_status ON workflow_execution (workflow_id, status, id) WHERE workflow_id IS NOT NULL AND NOT is_batch;
CREATE INDEX workflow_execution_ended ON workflow_execution (status, finished_at, id) WHERE finished_at IS NOT NULL AND NOT is_batch;
CREATE INDEX workflow_execution_workflow_ended ON workflow_execution (workflow_id, status, finished_at, id) WHERE finished_at IS NOT NULL AND NOT is_batch AND workflow_id IS NOT NULL;
CREATE INDEX workflow_execution_duration ON workflow_execution (status, COALESCE(finished_at - started_at, interval '0'), id) WHERE finished_at IS NOT NULL AND NOT is_batch;
CREATE INDEX workflow_execution_workflow_duration ON workflow_execution (workflow_id, status, COALESCE(finished_at - started_at, interval '0'), id) WHERE finished_at IS NOT NULL AND NOT is_batch AND workflow_id IS NOT NULL;
CREATE INDEX workflow_execution_code ON workflow_execution ((left(error ->> 'code', 64)), id) WHERE error IS NOT NULL AND NOT is_batch;
CREATE INDEX workflow_execution_code_ended ON workflow_execution ((left(error ->> 'code', 64)), finished_at, id) WHERE error IS NOT NULL AND NOT is_batch AND finished_at IS NOT NULL;
CREATE INDEX workflow_execution_code_duration ON workflow_execution ((left(error ->> 'code', 64)), COALESCE(finished_at - started_at, interval '0'), id) WHERE error IS NOT NULL AND NOT is_batch AND finished_at IS NOT NULL;
CREATE INDEX workflow_execution_workflow_code ON workflow_execution (workflow_id, (left(error ->> 'code', 64)), id) WHERE error IS NOT NULL AND NOT is_batch;
CREATE INDEX workflow_execution_workflow_code_ended ON workflow_execution (workflow_id, (left(error ->> 'code', 64)), finished_at, id) WHERE error IS NOT NULL AND NOT is_batch AND finished_at IS NOT NULL;
CREATE INDEX workflow_execution_workflow_code_duration ON workflow_execution (workflow_id, (left(error ->> 'code', 64)), COALESCE(finished_at - started_at, interval '0'), id) WHERE error IS NOT NULL AND NOT is_batch AND finished_at IS NOT NULL;
CREATE INDEX workflow_execution_path ON workflow_execution ((left(error ->> 'path', 500)), id) WHERE error IS NOT NULL AND NOT is_batch;
CREATE INDEX workflow_execution_workflow_path ON workflow_execution (workflow_id, (left(error ->> 'path', 500)), id) WHERE error IS NOT NULL AND NOT is_batch;
CREATE INDEX workflow_execution_workflow_path_ended ON workflow_execution (workflow_id, (left(error ->> 'path', 500)), finished_at, id) WHERE error IS NOT NULL AND NOT is_batch AND finished_at IS NOT NULL;
CREATE INDEX workflow_execution_workflow_path_duration ON workflow_execution (workflow_id, (left(error ->> 'path', 500)), COALESCE(finished_at - started_at, interval '0'), id) WHERE error IS NOT NULL AND NOT is_batch AND finished_at IS NOT NULL;
CREATE INDEX workflow_execution_waiting ON workflow_execution ((waiting_for ->> 'kind'), id) WHERE status = 'WAITING' AND NOT is_batch;
CREATE INDEX workflow_execution_waiting_service ON workflow_execution ((left(regexp_replace(waiting_for ->> 'detail', '^.*: ', ''), 500)), id) WHERE status = 'WAITING' AND NOT is_batch AND waiting_for ->> 'kind' = 'CIRCUIT_BREAKER';
CREATE INDEX workflow_execution_trigger ON workflow_execution (trigger, id) WHERE trigger <> 'API' AND NOT is_batch;
CREATE INDEX workflow_execution_triggered ON workflow_execution (trigger_id, id) WHERE trigger_id IS NOT NULL;
CREATE INDEX workflow_execution_label_words ON workflow_execution USING gin (label_words(labels)) WHERE labels <> '{}'::jsonb;
CREATE INDEX webhook_event_troubled ON webhook_event (webhook_id, status, id) WHERE status IN ('FAILED', 'REJECTED');
DROP INDEX IF EXISTS workflow_execution_status;
